import { useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "../api/client";
import { useFilters } from "../filters/useFilters";

/** Every service seen, for the choice of filters and for what the pages say about completeness. */
export function useServices() {
  const { from, to } = useFilters();
  return useQuery({
    queryKey: ["services", from, to],
    queryFn: ({ signal }) =>
      bodyOf(api.GET("/api/v1/services", { params: { query: { from, to, limit: 1000 } }, signal })),
    staleTime: 30_000,
  });
}
