import type { Request, Span } from "../api/types";
import { CATEGORIES, PARTS } from "../split/categories";
import type { Category } from "../split/categories";
import { splitOf } from "../split/splitValues";

/** Some of a span's own time: which part of the split it is, and of which category. */
export interface OwnTime {
  part: string;
  category: Category | null;
  ms: number;
}

const CATEGORY_OF_PART = new Map(
  CATEGORIES.flatMap((category) =>
    [category, ...Object.keys(PARTS[category])].map((part) => [part, category] as const),
  ),
);

/**
 * What a span's time, without that of the spans inside it, went into: its own part, and whatever
 * was too short and too frequent to be spans of its own.
 */
export function ownTimeOf(span: Span): OwnTime[] {
  const own = {
    part: span.part ?? span.category ?? "",
    category: span.category,
    ms: span.self_ms,
  };
  return [own, ...withoutSpans(span)];
}

/** `timesplit.folded`: part to nanoseconds, as JSON. */
function withoutSpans(span: Span): OwnTime[] {
  const text = span.attributes["timesplit.folded"];
  if (typeof text !== "string") return [];
  return Object.entries(parsed(text)).flatMap(([part, ns]) => {
    const category = CATEGORY_OF_PART.get(part);
    return category === undefined || typeof ns !== "number"
      ? []
      : [{ part, category, ms: ns / 1e6 }];
  });
}

function parsed(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    return {}; // anybody may send an attribute of this name
  }
}

/** The whole split of a request whose inner spans were not sent. */
export function ownTimeOfRequest(request: Request): OwnTime[] {
  const split = splitOf(request.split_ms);
  return CATEGORIES.map((category) => ({ part: category, category, ms: split[category] ?? 0 }));
}

export function addedByPart(times: OwnTime[]): OwnTime[] {
  const sums = new Map<string, OwnTime>();
  for (const time of times) {
    const before = sums.get(time.part);
    sums.set(time.part, { ...time, ms: time.ms + (before?.ms ?? 0) });
  }
  return [...sums.values()];
}

export function sumOfOwn(times: OwnTime[]): number {
  return times.reduce((sum, time) => sum + time.ms, 0);
}
