import type { HistogramBucket, Request, SplitMs } from "../api/types";
import { CATEGORIES } from "./categories";
import type { Category } from "./categories";

/** Milliseconds of each category; null is unknown, and then within `python`. */
export type SplitValues = Record<Category, number | null>;

/**
 * What the mean request spent in each category. Totals over all requests, so that the categories
 * add up to the mean duration even where some of the clients cannot tell one of them.
 */
export function meansOf(split: SplitMs, requests: number): SplitValues {
  return valuesOf((category) => {
    const total = split[category]?.total;
    return total === undefined || requests === 0 ? null : total / requests;
  });
}

/** The totals of an endpoint's categories. */
export function totalsOf(split: SplitMs): SplitValues {
  return valuesOf((category) => split[category]?.total ?? null);
}

/** The split of one request, or of the requests of one part of a histogram. */
export function splitOf(split: Request["split_ms"] | NonNullable<HistogramBucket["mean_ms"]>) {
  return valuesOf((category) => split[category]);
}

export function sumOf(values: SplitValues): number {
  return CATEGORIES.reduce((sum, category) => sum + (values[category] ?? 0), 0);
}

export function addedUp(splits: SplitValues[]): SplitValues {
  return valuesOf((category) => {
    const known = splits.flatMap((split) => split[category] ?? []);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
  });
}

/** The category that took most; undefined where nothing took any time. */
export function largestOf(values: SplitValues): Category | undefined {
  const largest = CATEGORIES.reduce((a, b) => ((values[b] ?? 0) > (values[a] ?? 0) ? b : a));
  return (values[largest] ?? 0) > 0 ? largest : undefined;
}

function valuesOf(value: (category: Category) => number | null): SplitValues {
  return {
    database: value("database"),
    python: value("python"),
    render: value("render"),
    cache: value("cache"),
    external: value("external"),
  };
}
