import { api, bodyOf } from "../api/client";
import { useFigures } from "../app/refresh";
import { useFilters } from "../filters/useFilters";

/** More endpoints than a service ever has; beyond, the page says that it shows the first. */
export const MOST_ENDPOINTS = 1000;

export function useEndpoints() {
  const filters = useFilters();
  return useFigures(["endpoints", filters], (signal) =>
    bodyOf(
      api.GET("/api/v1/endpoints", {
        params: { query: { ...filters, order: "impact", limit: MOST_ENDPOINTS } },
        signal,
      }),
    ),
  );
}

export function useEndpoint(id: string) {
  const filters = useFilters();
  return useFigures(["endpoint", id, filters], (signal) =>
    bodyOf(api.GET("/api/v1/endpoints/{endpoint_id}", { params: atEndpoint(id, filters), signal })),
  );
}

export function useTimeline(id: string) {
  const filters = useFilters();
  return useFigures(["timeline", id, filters], (signal) =>
    bodyOf(
      api.GET("/api/v1/endpoints/{endpoint_id}/timeline", {
        params: atEndpoint(id, filters),
        signal,
      }),
    ),
  );
}

export function useHistogram(id: string) {
  const filters = useFilters();
  return useFigures(["histogram", id, filters], (signal) =>
    bodyOf(
      api.GET("/api/v1/endpoints/{endpoint_id}/histogram", {
        params: atEndpoint(id, filters),
        signal,
      }),
    ),
  );
}

function atEndpoint<Query>(id: string, query: Query) {
  return { path: { endpoint_id: id }, query };
}
