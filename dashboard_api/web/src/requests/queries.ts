import { useMemo } from "react";
import { useSearchParams } from "react-router";
import { api, bodyOf } from "../api/client";
import { useFigures } from "../app/refresh";
import { useFilters } from "../filters/useFilters";

export const CHOICES = {
  slowest: { label: "Slowest", query: { order: "duration" } },
  latest: { label: "Latest", query: { order: "start" } },
  queries: { label: "Most queries", query: { order: "queries" } },
  failed: { label: "Failed", query: { order: "start", status: "error" } },
} as const;

export type Choice = keyof typeof CHOICES;

const SHOWN = 20;

export interface DurationBounds {
  min_ms?: number;
  max_ms?: number;
}

/** The part of the distribution that single requests are narrowed to; from the URL. */
export function useDurationBounds(): DurationBounds {
  const [parameters] = useSearchParams();
  return useMemo(() => {
    const bounds: DurationBounds = {};
    for (const name of ["min_ms", "max_ms"] as const) {
      const value = Number(parameters.get(name) ?? NaN);
      if (Number.isFinite(value)) bounds[name] = value;
    }
    return bounds;
  }, [parameters]);
}

export function useRequests(endpointId: string, choice: Choice) {
  const filters = useFilters();
  const bounds = useDurationBounds();
  const query = { ...filters, ...bounds, ...CHOICES[choice].query, endpoint: endpointId };
  return useFigures(["requests", endpointId, query], (signal) =>
    bodyOf(api.GET("/api/v1/requests", { params: { query: { ...query, limit: SHOWN } }, signal })),
  );
}
