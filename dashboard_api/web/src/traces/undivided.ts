import type { Request, Trace } from "../api/types";

/** Requests that sent their split, but no spans inside, by the id of their own span. */
export function undividedRequests(trace: Trace): ReadonlyMap<string, Request> {
  const digested = trace.requests.filter((request) => request.digested);
  const undivided = digested.filter((request) => !hasChildren(trace, request));
  return new Map(undivided.map((request) => [request.span_id, request]));
}

export function hasChildren(trace: Trace, request: Request): boolean {
  return trace.spans.some((span) => span.parent_span_id === request.span_id);
}
