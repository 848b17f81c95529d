import { folded, isFold, kindsOf } from "./fold";
import type { Fold } from "./fold";
import { ownIntervals } from "./spanTree";
import type { SpanNode } from "./spanTree";
import type { Request, Span } from "../api/types";
import { addedByPart, ownTimeOf, ownTimeOfRequest } from "./ownTime";
import type { OwnTime } from "./ownTime";

/** One line of the waterfall. */
export interface WaterfallRow {
  /** The span's id; of a fold, its first span's and its period. */
  id: string;
  depth: number;
  span: Span;
  /** Set where the line stands for many spans. */
  fold: Fold | null;
  hasChildren: boolean;
  isOpen: boolean;
  startMs: number;
  endMs: number;
  /** What its time, without that of the spans inside it, went into. */
  own: OwnTime[];
  /** Sum of the durations. */
  durationMs: number;
  /** When the span itself, or each span of a fold, was at work. */
  intervals: [number, number][];
}

/** Lines whose state is not the usual one: spans are open, folds are closed, until changed. */
export type Toggled = ReadonlySet<string>;

/** `undivided` are requests whose inner spans were not sent, by the id of their span. */
export function waterfallRows(
  roots: SpanNode[],
  toggled: Toggled,
  undivided: ReadonlyMap<string, Request>,
): WaterfallRow[] {
  const rows: WaterfallRow[] = [];
  const waiting = stacked(folded(roots), 0);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { entry, depth } = next;
    const row = isFold(entry) ? foldRow(entry, depth, toggled) : spanRow(entry, depth, toggled);
    const request = undivided.get(row.id);
    rows.push(request === undefined ? row : { ...row, own: ownTimeOfRequest(request) });
    if (!row.isOpen) continue;
    const inside = isFold(entry) ? insideFold(entry) : folded(entry.children);
    waiting.push(...stacked(inside, depth + 1));
  }
  return rows;
}

/** Last first, as they wait on a stack. */
function stacked(entries: (SpanNode | Fold)[], depth: number) {
  return entries.map((entry) => ({ entry, depth })).reverse();
}

/** A fold opens to its kinds, and the fold of one kind to its spans. */
function insideFold(fold: Fold): (SpanNode | Fold)[] {
  return fold.period > 1 ? kindsOf(fold) : fold.nodes;
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
    own: ownTimeOf(span),
    durationMs: span.duration_ms,
    intervals: ownIntervals(node),
  };
}

function foldRow(fold: Fold, depth: number, toggled: Toggled): WaterfallRow {
  const spans = fold.nodes.map((node) => node.span);
  const first = spans[0] as Span; // a fold has at least three spans
  const id = foldId(fold);
  return {
    id,
    depth,
    span: first,
    fold,
    hasChildren: true,
    isOpen: toggled.has(id),
    startMs: first.start_ms,
    endMs: Math.max(...spans.map((span) => span.start_ms + span.duration_ms)),
    own: addedByPart(spans.flatMap(ownTimeOf)),
    durationMs: spans.reduce((sum, span) => sum + span.duration_ms, 0),
    intervals: spans.map((span) => [span.start_ms, span.start_ms + span.duration_ms]),
  };
}

function foldId(fold: Fold): string {
  return `${fold.nodes[0]?.span.span_id}+${fold.period}`;
}

/** The folds that have to be open for a span to be seen. */
export function foldsAround(roots: SpanNode[], spanId: string): string[] {
  return pathTo(spanId, folded(roots)) ?? [];
}

function pathTo(spanId: string, entries: (SpanNode | Fold)[]): string[] | null {
  for (const entry of entries) {
    if (!isFold(entry) && entry.span.span_id === spanId) return [];
    const inside = isFold(entry) ? insideFold(entry) : folded(entry.children);
    const path = pathTo(spanId, inside);
    if (path !== null) return isFold(entry) ? [foldId(entry), ...path] : path;
  }
  return null;
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
