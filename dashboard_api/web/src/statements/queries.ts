import { api, bodyOf } from "../api/client";
import { useFigures } from "../app/refresh";
import { useFilters } from "../filters/useFilters";

const SHOWN = 200;

/** The statements of one endpoint, or of all. */
export function useEndpointStatements(endpointId: string) {
  const filters = useFilters();
  return useFigures(["endpoint-statements", endpointId, filters], (signal) =>
    bodyOf(
      api.GET("/api/v1/endpoints/{endpoint_id}/statements", {
        params: {
          path: { endpoint_id: endpointId },
          query: { ...filters, order: "total", limit: SHOWN },
        },
        signal,
      }),
    ),
  );
}

export function useStatements() {
  const filters = useFilters();
  return useFigures(["statements", filters], (signal) =>
    bodyOf(
      api.GET("/api/v1/statements", {
        params: { query: { ...filters, order: "total", limit: SHOWN } },
        signal,
      }),
    ),
  );
}

export function useStatement(fingerprint: string) {
  const filters = useFilters();
  return useFigures(["statement", fingerprint, filters], (signal) =>
    bodyOf(
      api.GET("/api/v1/statements/{fingerprint}", {
        params: { path: { fingerprint }, query: filters },
        signal,
      }),
    ),
  );
}
