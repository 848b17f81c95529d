import { useMemo } from "react";
import { duration } from "../numbers/format";
import { CATEGORIES, CATEGORY_NAMES, categoryColor } from "../split/categories";
import type { Category } from "../split/categories";
import { sumOfOwn } from "./ownTime";
import type { OwnTime } from "./ownTime";
import type { WaterfallRow } from "./rows";
import classes from "./Waterfall.module.css";

const NO_CATEGORY = "var(--mantine-color-dimmed)";
// Gaps that are narrower than a pixel of any screen are not drawn.
const NARROWEST_GAP = 1 / 1500;

interface SpanBarProps {
  row: WaterfallRow;
  durationMs: number;
}

/**
 * A span on the trace's clock: light while spans inside it are at work, full while it is itself.
 * Where its own time went into several categories, the bar's height is divided as that time is.
 */
export function SpanBar({ row, durationMs }: SpanBarProps) {
  const background = useMemo(() => mixtureOf(row.own), [row.own]);
  const pieces = useMemo(() => visible(row.intervals, durationMs), [row.intervals, durationMs]);
  const percent = (ms: number) => `${durationMs > 0 ? (ms / durationMs) * 100 : 0}%`;
  const { category } = row.span;
  const name = category === null ? "No category" : CATEGORY_NAMES[category];
  const took = duration(row.endMs - row.startMs);
  return (
    <div role="img" aria-label={`${name}, from ${duration(row.startMs)} for ${took}`}>
      <div
        className={classes.span}
        style={{
          left: percent(row.startMs),
          width: percent(row.endMs - row.startMs),
          background: category === null ? NO_CATEGORY : categoryColor(category),
        }}
      />
      {pieces.map(([start, end]) => (
        <div
          key={start}
          className={classes.own}
          style={{ left: percent(start), width: percent(end - start), background }}
        />
      ))}
    </div>
  );
}

/** The background of own time: one colour, or layers as high as their share. */
function mixtureOf(own: OwnTime[]): string {
  const sum = sumOfOwn(own);
  const share = (category: Category | null) =>
    sum === 0 ? 0 : sumOfOwn(own.filter((time) => time.category === category)) / sum;
  const layers = CATEGORIES.filter((category) => share(category) > 0);
  const only = layers.length === 1 ? layers[0] : undefined;
  if (only !== undefined) return categoryColor(only);
  if (layers.length === 0) return NO_CATEGORY;
  let top = 0;
  const stops = layers.map((category) => {
    const from = top;
    top += share(category) * 100;
    return `${categoryColor(category)} ${from.toFixed(1)}% ${top.toFixed(1)}%`;
  });
  return `linear-gradient(to bottom, ${stops.join(", ")})`;
}

function visible(intervals: [number, number][], durationMs: number): [number, number][] {
  const pieces: [number, number][] = [];
  for (const [start, end] of intervals) {
    const last = pieces.at(-1);
    if (last !== undefined && start - last[1] < durationMs * NARROWEST_GAP) {
      last[1] = Math.max(last[1], end);
    } else pieces.push([start, end]);
  }
  return pieces;
}
