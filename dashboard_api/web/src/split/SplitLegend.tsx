import { share, total } from "../numbers/format";
import { Unknown } from "../numbers/Unknown";
import { CATEGORIES, CATEGORY_HOLDS, CATEGORY_NAMES, RENDER_UNKNOWN } from "./categories";
import classes from "./SplitLegend.module.css";
import { Swatch } from "./Swatch";
import { sumOf } from "./splitValues";
import type { SplitValues } from "./splitValues";

interface SplitLegendProps {
  values: SplitValues;
  written?: (ms: number) => string;
}

/** Names the five categories, says what each holds, and how much of the whole it is. */
export function SplitLegend({ values, written = total }: SplitLegendProps) {
  const sum = sumOf(values);
  return (
    <dl className={classes.legend}>
      {CATEGORIES.map((category) => {
        const value = values[category];
        return (
          <div key={category} className={classes.entry}>
            <dt>
              <Swatch category={category} /> {CATEGORY_NAMES[category]}{" "}
              <span className={classes.value}>
                {value === null ? (
                  <Unknown reason={RENDER_UNKNOWN} />
                ) : (
                  <>
                    {share(sum > 0 ? value / sum : 0)} <small>{written(value)}</small>
                  </>
                )}
              </span>
            </dt>
            <dd>{CATEGORY_HOLDS[category]}</dd>
          </div>
        );
      })}
    </dl>
  );
}
