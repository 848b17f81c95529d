import type { Endpoint } from "../api/types";
import { Duration } from "../numbers/Quantity";
import classes from "./EndpointsPage.module.css";

const LEAST_REQUESTS = 100;

/** The 99th percentile; of fewer than a hundred requests it is the slowest one, and looks so. */
export function Percentile99({ endpoint }: { endpoint: Endpoint }) {
  const value = <Duration value={endpoint.duration_ms?.p99} />;
  if (endpoint.requests >= LEAST_REQUESTS) return value;
  return (
    <span className={classes.weak} title={`Of only ${endpoint.requests} requests: the slowest one`}>
      {value}
    </span>
  );
}
