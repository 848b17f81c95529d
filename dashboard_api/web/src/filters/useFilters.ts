import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";

/** What every page is narrowed to. It lives in the URL, so that a link shows what its sender saw. */
export interface Filters {
  service?: string;
  environment?: string;
  release?: string;
  from: string;
  to: string;
}

export const FILTER_NAMES = ["service", "environment", "release", "from", "to"] as const;
type FilterName = (typeof FILTER_NAMES)[number];

const DEFAULT_FROM = "-1h";
const DEFAULT_TO = "now";

export function useFilters(): Filters {
  const [parameters] = useSearchParams();
  return useMemo(() => {
    const filters: Filters = {
      from: parameters.get("from") ?? DEFAULT_FROM,
      to: parameters.get("to") ?? DEFAULT_TO,
    };
    for (const name of ["service", "environment", "release"] as const) {
      const value = parameters.get(name);
      if (value !== null) filters[name] = value;
    }
    return filters;
  }, [parameters]);
}

/** Changes filters, or any other parameter of the page; null removes one. */
export function useSetParameters() {
  const [, setParameters] = useSearchParams();
  return useCallback(
    (changes: Record<string, string | null>, options: { replace?: boolean } = {}) =>
      setParameters((before) => {
        const after = new URLSearchParams(before);
        for (const [name, value] of Object.entries(changes)) {
          if (value === null) after.delete(name);
          else after.set(name, value);
        }
        return after;
      }, options),
    [setParameters],
  );
}

/** The query string that carries the filters, and nothing else, to another page. */
export function useFilterSearch(): string {
  const [parameters] = useSearchParams();
  const kept = new URLSearchParams();
  for (const name of FILTER_NAMES satisfies readonly FilterName[]) {
    const value = parameters.get(name);
    if (value !== null) kept.set(name, value);
  }
  const search = kept.toString();
  return search === "" ? "" : `?${search}`;
}

/** Whether the range ends now, so that its figures still change. */
export function isLive(filters: Filters): boolean {
  return filters.to === DEFAULT_TO;
}
