import { useMemo, useRef, useState } from "react";
import type { KeyboardEvent, SyntheticEvent } from "react";
import { useSearchParams } from "react-router";
import type { Trace } from "../api/types";
import { useSetParameters } from "../filters/useFilters";
import { foldsAround, waterfallRows } from "./rows";
import type { WaterfallRow } from "./rows";
import { SpanDetail } from "./SpanDetail";
import { spanTrees } from "./spanTree";
import { undividedRequests } from "./undivided";
import { TimeAxis } from "./TimeAxis";
import classes from "./Waterfall.module.css";
import { WaterfallLine } from "./WaterfallLine";

/** The spans of a trace in their order; arrow keys move, open and close as in any tree. */
export function Waterfall({ trace }: { trace: Trace }) {
  const [parameters] = useSearchParams();
  const setParameters = useSetParameters();
  // The address follows what is chosen, but too late for a key that is held down.
  const [chosenId, setChosenId] = useState(parameters.get("span"));
  const roots = useMemo(() => spanTrees(trace.spans), [trace]);
  const [toggled, setToggled] = useState<ReadonlySet<string>>(
    () => new Set(chosenId === null ? [] : foldsAround(roots, chosenId)),
  );
  const undivided = useMemo(() => undividedRequests(trace), [trace]);
  const rows = useMemo(() => waterfallRows(roots, toggled, undivided), [roots, toggled, undivided]);
  const lines = useRef<HTMLDivElement>(null);
  const chosen = rows.find((row) => row.id === chosenId) ?? null;

  function choose(row: WaterfallRow) {
    setChosenId(row.id);
    setParameters({ span: row.id }, { replace: true });
  }

  function toggle(row: WaterfallRow) {
    const after = new Set(toggled);
    if (!after.delete(row.id)) after.add(row.id);
    setToggled(after);
  }

  // One listener for all lines: there may be thousands, and none has to be drawn again for it.
  function onPoint(event: SyntheticEvent) {
    const target = event.target as HTMLElement;
    const id = target.closest<HTMLElement>("[data-line]")?.dataset["line"];
    const row = rows.find((each) => each.id === id);
    if (row === undefined) return;
    if (row.id !== chosenId) choose(row);
    if (event.type === "click" && target.closest("button") !== null) toggle(row);
  }

  function onKeyDown(event: KeyboardEvent) {
    const at = rows.findIndex((row) => row.id === chosenId);
    const row = rows[at];
    const to = targetOf(event.key, rows, at);
    if (to !== undefined) {
      choose(to);
      focusLine(lines.current, to.id);
    } else if (row !== undefined && opensOrCloses(event.key, row)) {
      toggle(row);
    } else return;
    event.preventDefault();
  }

  return (
    <section className={classes.waterfall} aria-label="Waterfall" data-chosen={chosen !== null}>
      <div className={classes.left}>
        <TimeAxis durationMs={trace.duration_ms} />
        <div
          ref={lines}
          role="treegrid"
          aria-label="Spans of the trace"
          className={classes.lines}
          onClick={onPoint}
          onFocus={onPoint}
          onKeyDown={onKeyDown}
        >
          {rows.map((row, index) => (
            <WaterfallLine
              key={row.id}
              row={row}
              durationMs={trace.duration_ms}
              isChosen={row === chosen}
              isReachable={chosen === null ? index === 0 : row === chosen}
            />
          ))}
        </div>
      </div>
      <SpanDetail row={chosen} />
    </section>
  );
}

/** The line that an arrow key leads to. */
function targetOf(key: string, rows: WaterfallRow[], at: number): WaterfallRow | undefined {
  const row = rows[at];
  if (key === "ArrowDown") return rows[at + 1];
  if (key === "ArrowUp") return rows[at - 1];
  if (key === "Home") return rows[0];
  if (key === "End") return rows.at(-1);
  if (row === undefined) return undefined;
  if (key === "ArrowRight" && row.isOpen) return rows[at + 1];
  if (key === "ArrowLeft" && !row.isOpen) {
    return rows.slice(0, at).findLast((above) => above.depth < row.depth);
  }
  return undefined;
}

function opensOrCloses(key: string, row: WaterfallRow): boolean {
  if (!row.hasChildren) return false;
  if (key === "Enter" || key === " ") return true;
  return row.isOpen ? key === "ArrowLeft" : key === "ArrowRight";
}

function focusLine(lines: HTMLDivElement | null, id: string) {
  lines?.querySelector<HTMLElement>(`[data-line="${CSS.escape(id)}"]`)?.focus();
}
