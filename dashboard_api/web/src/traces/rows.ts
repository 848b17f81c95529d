import { folded, isFold } from "./fold";
import type { Fold } from "./fold";
import { ownIntervals } from "./spanTree";
import type { SpanNode } from "./spanTree";
import type { Span } from "../api/types";

/** One line of the waterfall. */
export interface WaterfallRow {
  /** The span's id, or that of a fold's first span with a mark. */
  id: string;
  depth: number;
  span: Span;
  /** Set where the line stands for many spans. */
  fold: Fold | null;
  hasChildren: boolean;
  isOpen: boolean;
  startMs: number;
  endMs: number;
  /** Null where the time of the spans inside it is not told apart. */
  selfMs: number | null;
  /** Sum of the durations. */
  durationMs: number;
  /** When the span itself, or each span of a fold, was at work. */
  intervals: [number, number][];
}

/** Lines whose state is not the usual one: spans are open, folds are closed, until changed. */
export type Toggled = ReadonlySet<string>;

/** `undivided` are spans whose children were not sent. */
export function waterfallRows(
  roots: SpanNode[],
  toggled: Toggled,
  undivided: ReadonlySet<string>,
): WaterfallRow[] {
  const rows: WaterfallRow[] = [];
  const waiting = entriesOf(roots, 0);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { entry, depth } = next;
    const row = isFold(entry) ? foldRow(entry, depth, toggled) : spanRow(entry, depth, toggled);
    rows.push(undivided.has(row.id) ? { ...row, selfMs: null, intervals: [] } : row);
    if (!row.isOpen) continue;
    waiting.push(
      ...(isFold(entry)
        ? entry.nodes.map((node) => ({ entry: node, depth: depth + 1 })).reverse()
        : entriesOf(entry.children, depth + 1)),
    );
  }
  return rows;
}

/** Last first, as they wait on a stack. */
function entriesOf(
  siblings: SpanNode[],
  depth: number,
): { entry: SpanNode | Fold; depth: number }[] {
  return folded(siblings)
    .map((entry) => ({ entry, depth }))
    .reverse();
}

function spanRow(node: SpanNode, depth: number, toggled: Toggled): WaterfallRow {
  const { span } = node;
  const hasChildren = node.children.length > 0;
  return {
    id: span.span_id,
    depth,
    span,
    fold: null,
    hasChildren,
    isOpen: hasChildren && !toggled.has(span.span_id),
    startMs: span.start_ms,
    endMs: span.start_ms + span.duration_ms,
    selfMs: span.self_ms,
    durationMs: span.duration_ms,
    intervals: ownIntervals(node),
  };
}

function foldRow(fold: Fold, depth: number, toggled: Toggled): WaterfallRow {
  const spans = fold.nodes.map((node) => node.span);
  const first = spans[0] as Span; // a fold has at least three spans
  const id = `${first.span_id}+`;
  return {
    id,
    depth,
    span: first,
    fold,
    hasChildren: true,
    isOpen: toggled.has(id),
    startMs: first.start_ms,
    endMs: Math.max(...spans.map((span) => span.start_ms + span.duration_ms)),
    selfMs: spans.reduce((sum, span) => sum + span.self_ms, 0),
    durationMs: spans.reduce((sum, span) => sum + span.duration_ms, 0),
    intervals: spans.map((span) => [span.start_ms, span.start_ms + span.duration_ms]),
  };
}

/** How a fold is called: "147 × SELECT shop_review", "49 × 3 spans: SELECT a, SELECT b, SELECT c". */
export function foldName(fold: Fold): string {
  const names = fold.nodes.slice(0, fold.period).map(({ span }) => spanTitle(span));
  const what = fold.period === 1 ? (names[0] ?? "") : `${fold.period} spans: ${names.join(", ")}`;
  return `${fold.repetitions} × ${what}`;
}

export function spanTitle(span: Span): string {
  return span.statement?.summary || span.name;
}
