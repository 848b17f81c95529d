import type { ReactNode } from "react";
import type { EndpointDetail } from "../api/types";
import { count, duration, share, total } from "../numbers/format";
import { Count, Duration, Share } from "../numbers/Quantity";
import { Percentile99 } from "./Percentile99";
import classes from "./EndpointPage.module.css";

const CPU_UNKNOWN = "The application does not send the CPU time of its requests.";
const QUEUE_UNKNOWN =
  "No proxy in front of Django sets X-Request-Start, so nobody knows how long requests wait there.";

/** The figures one would quote. */
export function Headline({ endpoint }: { endpoint: EndpointDetail }) {
  const { duration_ms: took, queries, cpu_ms: cpu, queue_ms: queue } = endpoint;
  return (
    <dl className={classes.headline} aria-label="Headline figures">
      <Fact name="Requests" aside={`${count(perMinute(endpoint))} a minute`}>
        <Count value={endpoint.requests} />
      </Fact>
      <Fact name="Mean" aside={took && `${total(took.total)} in all`}>
        <Duration value={took?.mean} />
      </Fact>
      <Fact name="p50">
        <Duration value={took?.p50} />
      </Fact>
      <Fact name="p95">
        <Duration value={took?.p95} />
      </Fact>
      <Fact name="p99" aside={took && `max ${duration(took.max)}`}>
        <Percentile99 endpoint={endpoint} />
      </Fact>
      <Fact
        name="Queries"
        aside={queries && `mean; p95 ${count(queries.p95)}, max ${count(queries.max)}`}
      >
        <Count value={queries?.mean} />
      </Fact>
      <Fact name="Errors" aside={share(endpoint.errors / endpoint.requests)}>
        <Count value={endpoint.errors} />
      </Fact>
      <Fact name="Impact" aside="of the total time">
        <Share value={endpoint.impact} />
      </Fact>
      <Fact name="CPU" aside="mean, of the thread">
        <Duration value={cpu?.mean} reason={CPU_UNKNOWN} />
      </Fact>
      <Fact
        name="Queue"
        aside={queue === null ? "before Django" : `mean; p95 ${duration(queue.p95)}`}
      >
        <Duration value={queue?.mean} reason={QUEUE_UNKNOWN} />
      </Fact>
    </dl>
  );
}

interface FactProps {
  name: string;
  aside?: ReactNode;
  children: ReactNode;
}

function Fact({ name, aside, children }: FactProps) {
  return (
    <div className={classes.fact}>
      <dt>{name}</dt>
      <dd className={classes.main}>{children}</dd>
      {aside !== undefined && <dd className={classes.aside}>{aside}</dd>}
    </div>
  );
}

function perMinute(endpoint: EndpointDetail): number {
  const minutes = (Date.parse(endpoint.to) - Date.parse(endpoint.from)) / 60_000;
  return endpoint.requests / Math.max(minutes, 1);
}
