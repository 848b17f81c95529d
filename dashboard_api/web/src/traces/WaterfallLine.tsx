import { memo } from "react";
import { Duration } from "../numbers/Quantity";
import { count } from "../numbers/format";
import { sumOfOwn } from "./ownTime";
import { foldName, spanTitle } from "./rows";
import type { WaterfallRow } from "./rows";
import { SpanBar } from "./SpanBar";
import classes from "./Waterfall.module.css";

interface WaterfallLineProps {
  row: WaterfallRow;
  durationMs: number;
  isChosen: boolean;
  /** Whether the tabulator key reaches this line; the arrow keys reach the others. */
  isReachable: boolean;
}

/** Drawn again only when it changes: a trace may have thousands of lines. */
export const WaterfallLine = memo(function WaterfallLine(props: WaterfallLineProps) {
  const { row, durationMs, isChosen, isReachable } = props;
  const name = row.fold === null ? spanTitle(row.span) : foldName(row.fold);
  return (
    <div
      role="row"
      className={classes.line}
      data-line={row.id}
      data-error={row.span.status === "error"}
      aria-level={row.depth + 1}
      aria-selected={isChosen}
      aria-expanded={row.hasChildren ? row.isOpen : undefined}
      tabIndex={isReachable ? 0 : -1}
    >
      <div
        role="gridcell"
        className={classes.name}
        style={{ paddingInlineStart: `${Math.min(row.depth, 16) * 14}px` }}
      >
        {row.hasChildren ? (
          <button
            type="button"
            tabIndex={-1}
            className={classes.toggle}
            aria-label={`${row.isOpen ? "Close" : "Open"} ${name}`}
          >
            {row.isOpen ? "▾" : "▸"}
          </button>
        ) : (
          <span className={classes.leaf} />
        )}
        <span className={classes.label} title={name}>
          {row.fold !== null && <b>{count(row.fold.repetitions)} × </b>}
          {row.fold === null ? name : name.slice(name.indexOf("×") + 2)}
          {row.span.status === "error" && <strong className={classes.failed}> failed</strong>}
        </span>
      </div>
      <div role="gridcell" className={classes.track}>
        <SpanBar row={row} durationMs={durationMs} />
      </div>
      <div role="gridcell" className={classes.figure}>
        <Duration value={row.durationMs} />
      </div>
      <div role="gridcell" className={classes.figure}>
        <Duration value={sumOfOwn(row.own)} />
      </div>
    </div>
  );
});
