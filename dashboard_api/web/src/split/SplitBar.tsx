import { Tooltip } from "@mantine/core";
import { useRef, useState } from "react";
import { duration, share } from "../numbers/format";
import { CATEGORIES, CATEGORY_NAMES, categoryColor } from "./categories";
import classes from "./SplitBar.module.css";
import { SplitFigures } from "./SplitFigures";
import { sumOf } from "./splitValues";
import type { SplitValues } from "./splitValues";

interface SplitBarProps {
  values: SplitValues;
  /** The bar's length, 0 to 1 of the room it has. */
  length?: number;
  height?: number;
  written?: (ms: number) => string;
}

/** One stacked bar: five categories in their fixed colours and order. */
export function SplitBar({ values, length = 1, height = 14, written = duration }: SplitBarProps) {
  const sum = sumOf(values);
  const bar = useRef<HTMLDivElement>(null);
  const [isPointedAt, setPointedAt] = useState(false);
  return (
    <>
      <div
        ref={bar}
        className={classes.room}
        role="img"
        aria-label={spoken(values, written)}
        onPointerEnter={() => setPointedAt(true)}
        onPointerLeave={() => setPointedAt(false)}
      >
        <div className={classes.bar} style={{ width: `${length * 100}%`, height }}>
          {CATEGORIES.map((category) => {
            const value = values[category] ?? 0;
            if (value <= 0) return null;
            return (
              <div
                key={category}
                data-category={category}
                className={classes.segment}
                style={{
                  width: `${(value / sum) * 100}%`,
                  background: categoryColor(category),
                }}
              />
            );
          })}
        </div>
      </div>
      {/* Made when it is needed: a page has hundreds of bars. */}
      {isPointedAt && (
        <Tooltip
          opened
          target={bar}
          label={<SplitFigures values={values} written={written} />}
          position="bottom-start"
          color="var(--surface)"
          classNames={{ tooltip: classes.tooltip ?? "" }}
        />
      )}
    </>
  );
}

/** The split in words: "Database 101 ms (56 %), Python ..., Render unknown". */
function spoken(values: SplitValues, written: (ms: number) => string): string {
  const sum = sumOf(values);
  const words = CATEGORIES.map((category) => {
    const value = values[category];
    const name = CATEGORY_NAMES[category];
    if (value === null) return `${name} unknown`;
    return `${name} ${written(value)} (${share(sum > 0 ? value / sum : 0)})`;
  });
  return words.join(", ");
}
