import { share, total } from "../numbers/format";
import { Unknown } from "../numbers/Unknown";
import { CATEGORIES, CATEGORY_HOLDS, CATEGORY_NAMES, RENDER_UNKNOWN } from "./categories";
import type { Category } from "./categories";
import classes from "./SplitLegend.module.css";
import { Swatch } from "./Swatch";
import { sumOf } from "./splitValues";
import type { SplitValues } from "./splitValues";

interface SplitLegendProps {
  values: SplitValues;
  written?: (ms: number) => string;
  /** What stands below a category; by default what it holds. */
  holds?: (category: Category) => string;
}

/** Names the five categories, says what each holds, and how much of the whole it is. */
export function SplitLegend({ values, written = total, holds = heldBy }: SplitLegendProps) {
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
            <dd>{holds(category)}</dd>
          </div>
        );
      })}
    </dl>
  );
}

const heldBy = (category: Category) => CATEGORY_HOLDS[category];
