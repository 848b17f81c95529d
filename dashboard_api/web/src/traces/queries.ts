import { useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "../api/client";
import type { Trace } from "../api/types";

/** One trace. It no longer changes once it is shown, but for spans that are late. */
export function useTrace(traceId: string) {
  return useQuery({
    queryKey: ["trace", traceId],
    queryFn: async ({ signal }) => {
      const body = await bodyOf(
        api.GET("/api/v1/traces/{trace_id}", { params: { path: { trace_id: traceId } }, signal }),
      );
      return body as Trace; // the other form is for those who ask for OTLP
    },
    staleTime: 60_000,
  });
}
