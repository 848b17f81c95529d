import type { Request, Trace } from "../api/types";

/** Requests that sent their split, but no spans inside: their own span is not all their own time. */
export function undividedSpans(trace: Trace): ReadonlySet<string> {
  const digested = trace.requests.filter((request) => request.digested);
  return new Set(digested.filter((each) => !hasChildren(trace, each)).map((each) => each.span_id));
}

export function hasChildren(trace: Trace, request: Request): boolean {
  return trace.spans.some((span) => span.parent_span_id === request.span_id);
}
