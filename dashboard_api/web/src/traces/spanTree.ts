import type { Span } from "../api/types";

/** A span with the spans inside it, in order of their start. */
export interface SpanNode {
  span: Span;
  children: SpanNode[];
  /** Equal for spans that did the same: what they are, and the same of all within. */
  shape: string;
}

/** The spans as trees: one for each whose parent is not stored. */
export function spanTrees(spans: Span[]): SpanNode[] {
  const nodes = new Map<string, SpanNode>();
  for (const span of spans) nodes.set(span.span_id, { span, children: [], shape: "" });
  const roots: SpanNode[] = [];
  for (const node of nodes.values()) {
    const parent = nodes.get(node.span.parent_span_id ?? "");
    (parent === undefined || parent === node ? roots : parent.children).push(node);
  }
  for (const root of roots) describe(root);
  return roots;
}

// Deep traces are no reason to run out of stack: children come after their parents in the list.
function describe(root: SpanNode) {
  const order: SpanNode[] = [root];
  for (let at = 0; at < order.length; at += 1) order.push(...(order[at]?.children ?? []));
  for (const node of order.reverse()) node.shape = shapeOf(node);
}

function shapeOf({ span, children }: SpanNode): string {
  const what = span.statement?.fingerprint ?? span.name;
  const site = span.call_site;
  const own = [span.service, span.kind, what, site?.file, site?.line, span.status].join("\u0001");
  return children.length === 0 ? own : `${own}(${children.map((child) => child.shape).join(",")})`;
}

/** When a span itself was at work: its time without that of the spans inside it, ms. */
export function ownIntervals({ span, children }: SpanNode): [number, number][] {
  const intervals: [number, number][] = [];
  const end = span.start_ms + span.duration_ms;
  let free = span.start_ms;
  for (const { span: child } of children) {
    const start = Math.min(child.start_ms, end);
    if (start > free) intervals.push([free, start]);
    free = Math.max(free, child.start_ms + child.duration_ms);
  }
  if (end > free) intervals.push([free, end]);
  return intervals;
}
