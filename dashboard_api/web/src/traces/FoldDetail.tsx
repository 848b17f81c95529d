import { duration, plural } from "../numbers/format";
import type { Fold } from "./fold";
import { spanTitle } from "./rows";
import type { WaterfallRow } from "./rows";
import classes from "./SpanDetail.module.css";

interface FoldDetailProps {
  row: WaterfallRow;
  fold: Fold;
}

/** What repeated siblings have in common, and how they differ. */
export function FoldDetail({ row, fold }: FoldDetailProps) {
  if (fold.period > 1) {
    const kinds = fold.nodes.slice(0, fold.period).map(({ span }) => spanTitle(span));
    return (
      <p className={classes.fold}>
        <strong>
          {fold.period} spans, {fold.repetitions} times
        </strong>{" "}
        in a row: {kinds.join(", ")}. {duration(row.durationMs)} together,{" "}
        {duration(row.durationMs / fold.repetitions)} each time. Below is the first of them.
      </p>
    );
  }
  const durations = fold.nodes.map((node) => node.span.duration_ms).sort((a, b) => a - b);
  const median = durations[Math.floor(durations.length / 2)] ?? 0;
  return (
    <p className={classes.fold}>
      <strong>{plural(fold.repetitions, "equal span")}</strong> in a row: {duration(row.durationMs)}{" "}
      together, median {duration(median)}, slowest {duration(durations.at(-1) ?? 0)}. Below is the
      first of them.
    </p>
  );
}
