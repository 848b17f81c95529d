import { share } from "../numbers/format";
import { CATEGORIES, CATEGORY_NAMES } from "./categories";
import classes from "./SplitBar.module.css";
import { Swatch } from "./Swatch";
import { sumOf } from "./splitValues";
import type { SplitValues } from "./splitValues";

interface SplitFiguresProps {
  values: SplitValues;
  written: (ms: number) => string;
}

/** The exact figures behind a bar, shown beside the pointer. */
export function SplitFigures({ values, written }: SplitFiguresProps) {
  const sum = sumOf(values);
  return (
    <table className={classes.figures}>
      <tbody>
        {CATEGORIES.map((category) => {
          const value = values[category];
          return (
            <tr key={category}>
              <td>
                <Swatch category={category} /> {CATEGORY_NAMES[category]}
              </td>
              <td>{value === null ? "unknown" : written(value)}</td>
              <td>{value === null || sum === 0 ? "" : share(value / sum)}</td>
            </tr>
          );
        })}
        <tr className={classes.sum}>
          <td>Sum</td>
          <td>{written(sum)}</td>
          <td />
        </tr>
      </tbody>
    </table>
  );
}
