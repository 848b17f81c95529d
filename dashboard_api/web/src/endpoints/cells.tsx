import { createContext, use } from "react";
import type { Endpoint } from "../api/types";
import { share } from "../numbers/format";
import { Count, Duration, Share } from "../numbers/Quantity";
import { SplitBar } from "../split/SplitBar";
import { meansOf } from "../split/splitValues";
import { EndpointName } from "./EndpointName";
import classes from "./EndpointsPage.module.css";

interface TableLook {
  /** The mean duration that fills a whole bar, ms; null: every bar is full. */
  barsUpTo: number | null;
  withService: boolean;
}

/** How the whole table looks. */
export const Look = createContext<TableLook>({ barsUpTo: null, withService: false });

export function NameCell({ endpoint }: { endpoint: Endpoint }) {
  return <EndpointName endpoint={endpoint} withService={use(Look).withService} />;
}

export function MeanBar({ endpoint }: { endpoint: Endpoint }) {
  const { barsUpTo } = use(Look);
  const mean = endpoint.duration_ms?.mean ?? 0;
  const length = barsUpTo === null ? 1 : barsUpTo > 0 ? mean / barsUpTo : 0;
  return (
    <>
      <SplitBar values={meansOf(endpoint.split_ms, endpoint.requests)} length={length} />
      <span className={classes.aside}>
        mean <Duration value={endpoint.duration_ms?.mean} />
      </span>
    </>
  );
}

export function QueriesCell({ endpoint }: { endpoint: Endpoint }) {
  return (
    <>
      <Count value={endpoint.queries?.mean} />
      <span className={classes.aside}>
        p95 <Count value={endpoint.queries?.p95} />
      </span>
    </>
  );
}

export function ErrorsCell({ endpoint }: { endpoint: Endpoint }) {
  if (endpoint.errors === 0) return <Count value={0} />;
  return (
    <>
      <span className={classes.failed}>
        <Count value={endpoint.errors} />
      </span>
      <span className={classes.aside}>{share(endpoint.errors / endpoint.requests)}</span>
    </>
  );
}

export function ImpactCell({ impact }: { impact: number | null }) {
  return (
    <span className={classes.impact}>
      <span className={classes.impactTrack} aria-hidden="true">
        <span
          className={classes.impactBar}
          style={{ display: "block", width: `${(impact ?? 0) * 100}%` }}
        />
      </span>
      <Share value={impact} />
    </span>
  );
}
