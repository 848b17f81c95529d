import { count, durationFigure, exactDuration, shareFigure, totalFigure } from "./format";
import type { Figure } from "./format";
import classes from "./Quantity.module.css";
import { Unknown } from "./Unknown";

interface Known {
  value: number | null | undefined;
  /** Why the value may be unknown. */
  reason?: string;
}

function Written({ figure, exact }: { figure: Figure; exact: string }) {
  return (
    <span className={classes.quantity} data-zero={figure.digits === "0"} title={exact}>
      {figure.digits}
      {figure.unit !== "" && <span className={classes.unit}>{figure.unit}</span>}
    </span>
  );
}

/** A duration of one request or call, in milliseconds. */
export function Duration({ value, reason }: Known) {
  if (value == null) return <Unknown reason={reason} />;
  return <Written figure={durationFigure(value)} exact={exactDuration(value)} />;
}

/** A sum of durations, in milliseconds. */
export function Total({ value, reason }: Known) {
  if (value == null) return <Unknown reason={reason} />;
  return <Written figure={totalFigure(value)} exact={exactDuration(value)} />;
}

/** A share, 0 to 1. */
export function Share({ value, reason }: Known) {
  if (value == null) return <Unknown reason={reason} />;
  return <Written figure={shareFigure(value)} exact={`${(value * 100).toFixed(4)} %`} />;
}

/** A plain count, or a mean of counts. */
export function Count({ value, reason }: Known) {
  if (value == null) return <Unknown reason={reason} />;
  return <Written figure={{ digits: count(value), unit: "" }} exact={value.toLocaleString("en")} />;
}
