import { Alert } from "@mantine/core";
import type { Endpoint } from "../api/types";
import { share } from "../numbers/format";
import { RENDER_UNKNOWN } from "../split/categories";

/** Says where the figures are not about all requests, or cannot tell everything. */
export function Completeness({ endpoints }: { endpoints: Endpoint[] }) {
  return (
    <>
      {incompleteServices(endpoints).map(([service, completeness]) => (
        <Alert key={service} color="yellow" mt="sm" p="xs" title={`${service} is incomplete`}>
          {share(completeness)} of its requests arrived in this range. Counts and totals are lower
          than they were; the service's log says what was dropped.
        </Alert>
      ))}
      {endpoints.some(isRenderUnknown) && (
        <Alert color="gray" mt="sm" p="xs" title="Render time is unknown for some requests">
          {RENDER_UNKNOWN}
        </Alert>
      )}
    </>
  );
}

/** Whether some of the requests cannot tell their render time. */
export function isRenderUnknown(endpoint: Endpoint): boolean {
  return endpoint.requests > 0 && (endpoint.split_ms.render?.requests ?? 0) < endpoint.requests;
}

function incompleteServices(endpoints: Endpoint[]): [string, number][] {
  const services = new Map<string, number>();
  for (const { service, environment, completeness } of endpoints) {
    if (completeness === null || completeness >= 1) continue;
    services.set(environment === "" ? service : `${service} (${environment})`, completeness);
  }
  return [...services];
}
