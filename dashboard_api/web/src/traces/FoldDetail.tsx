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
  const durations = fold.nodes.map((node) => node.span.duration_ms).sort((a, b) => a - b);
  const median = durations[Math.floor(durations.length / 2)] ?? 0;
  return (
    <p className={classes.fold}>
      {fold.period === 1 ? (
        <>
          <strong>{plural(fold.repetitions, "equal span")}</strong> in a row,{" "}
        </>
      ) : (
        <>
          <strong>
            {fold.period} spans, {fold.repetitions} times
          </strong>{" "}
          in a row (
          {fold.nodes
            .slice(0, fold.period)
            .map(({ span }) => spanTitle(span))
            .join(", ")}
          ),{" "}
        </>
      )}
      {duration(row.durationMs)} together: {duration(median)} in the middle,{" "}
      {duration(durations.at(-1) ?? 0)} the slowest. Below is the first of them.
    </p>
  );
}
