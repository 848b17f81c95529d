import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Request } from "../api/types";
import { useFilterSearch } from "../filters/useFilters";
import { preciseTime } from "../filters/timeRange";
import { Count, Duration } from "../numbers/Quantity";
import { SplitBar } from "../split/SplitBar";
import { splitOf } from "../split/splitValues";
import { StatusCode } from "./StatusCode";
import classes from "./Requests.module.css";

/** Requests in the order in which the API gave them; each leads to its trace. */
export function RequestsTable({ requests }: { requests: Request[] }) {
  if (requests.length === 0) return <p className={classes.none}>There are none in this range.</p>;
  const slowest = Math.max(...requests.map((request) => request.duration_ms));
  return (
    <div className={classes.scroll} tabIndex={0} role="region" aria-label="Requests">
      <table className={classes.table} aria-label="requests">
        <thead>
          <tr>
            <th scope="col">Started</th>
            <th scope="col" data-figure>
              Duration
            </th>
            <th scope="col" className={classes.wide}>
              Split
            </th>
            <th scope="col" data-figure>
              Queries
            </th>
            <th scope="col">Status</th>
            <th scope="col" data-figure>
              Spans
            </th>
            <th scope="col">Release</th>
          </tr>
        </thead>
        <tbody>
          {requests.map((request) => (
            <tr key={request.trace_id + request.span_id}>
              <td>
                <TraceLink request={request}>{preciseTime(new Date(request.start))}</TraceLink>
              </td>
              <td data-figure>
                <Duration value={request.duration_ms} />
              </td>
              <td className={classes.wide}>
                <SplitBar
                  values={splitOf(request.split_ms)}
                  length={slowest > 0 ? request.duration_ms / slowest : 0}
                />
              </td>
              <td data-figure>
                <Count value={request.queries} />
              </td>
              <td>
                <StatusCode code={request.status_code} isError={request.error} />
              </td>
              <td data-figure>
                <Spans request={request} />
              </td>
              <td>{request.release}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TraceLink({ request, children }: { request: Request; children: ReactNode }) {
  const search = useFilterSearch();
  return (
    <Link className={classes.link} to={`/traces/${request.trace_id}${search}`}>
      {children}
    </Link>
  );
}

/** How much of the request can be looked into. */
function Spans({ request }: { request: Request }) {
  if (request.spans > 1 || !request.digested) return <Count value={request.spans} />;
  return (
    <span className={classes.splitOnly} title="Its split and statements were sent, not every span">
      split only
    </span>
  );
}
