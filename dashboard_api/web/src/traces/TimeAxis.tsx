import { duration } from "../numbers/format";
import classes from "./Waterfall.module.css";

/** What the columns of the waterfall are, with the trace's own clock above the bars. */
export function TimeAxis({ durationMs }: { durationMs: number }) {
  return (
    <div className={classes.axis}>
      <span>Span</span>
      <div className={classes.ticks} aria-hidden="true">
        {ticksFor(durationMs).map((tick) => (
          <span key={tick} style={{ left: `${durationMs > 0 ? (tick / durationMs) * 100 : 0}%` }}>
            {tick === 0 ? "0" : duration(tick)}
          </span>
        ))}
      </div>
      <span className={classes.figure}>Duration</span>
      <span className={classes.figure} title="Its own time, without that of the spans inside it">
        Self
      </span>
    </div>
  );
}

/** Round instants, at most six of them. */
function ticksFor(durationMs: number): number[] {
  if (durationMs <= 0) return [0];
  const rough = durationMs / 5;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * size).find((each) => each >= rough) ?? rough;
  const ticks: number[] = [];
  for (let tick = 0; tick <= durationMs * 0.88; tick += step) ticks.push(tick);
  return ticks;
}
