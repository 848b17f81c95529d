import { api, bodyOf } from "../api/client";
import { useFigures } from "../app/refresh";
import { useFilters } from "../filters/useFilters";

/** Every service seen, for the choice of filters and for what is said where there is nothing. */
export function useServices() {
  const { from, to } = useFilters();
  const query = { from, to, limit: 1000 };
  return useFigures(["services", query], (signal) =>
    bodyOf(api.GET("/api/v1/services", { params: { query }, signal })),
  );
}
