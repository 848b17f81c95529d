import { createColumnHelper } from "@tanstack/react-table";
import type { Endpoint } from "../api/types";
import { Count, Duration, Share } from "../numbers/Quantity";
import { share } from "../numbers/format";
import { SplitBar } from "../split/SplitBar";
import { meansOf } from "../split/splitValues";
import type { Features } from "../tables/features";
import { EndpointName } from "./EndpointName";
import { Percentile99 } from "./Percentile99";
import classes from "./EndpointsPage.module.css";

const helper = createColumnHelper<Features, Endpoint>();

interface Shown {
  /** The mean duration that fills a whole bar, ms; null: every bar is full. */
  barsUpTo: number | null;
  withService: boolean;
}

export function columnsFor({ barsUpTo, withService }: Shown) {
  return helper.columns([
    helper.accessor((endpoint) => searchText(endpoint), {
      id: "name",
      sortFn: (a, b) => a.original.name.localeCompare(b.original.name),
      sortDescFirst: false,
      meta: { label: "Endpoint", isWide: true, width: "24%" },
      cell: ({ row }) => <EndpointName endpoint={row.original} withService={withService} />,
    }),
    helper.accessor((endpoint) => endpoint.duration_ms?.mean ?? undefined, {
      id: "mean",
      sortUndefined: "last",
      enableGlobalFilter: false,
      meta: {
        label: "Where the mean request's time goes",
        help: "Ordered by the mean duration. Point at a bar for its figures.",
        isWide: true,
        width: "26%",
      },
      cell: ({ row }) => <MeanBar endpoint={row.original} barsUpTo={barsUpTo} />,
    }),
    percentile("p50", "Half of the requests took no longer"),
    percentile("p95", "19 of 20 requests took no longer"),
    helper.accessor((endpoint) => endpoint.duration_ms?.p99 ?? undefined, {
      id: "p99",
      sortUndefined: "last",
      enableGlobalFilter: false,
      meta: { label: "p99", isFigure: true, help: "99 of 100 requests took no longer" },
      cell: ({ row }) => <Percentile99 endpoint={row.original} />,
    }),
    helper.accessor((endpoint) => endpoint.queries?.mean ?? undefined, {
      id: "queries",
      sortUndefined: "last",
      enableGlobalFilter: false,
      meta: {
        label: "Queries",
        isFigure: true,
        help: "Database statements of one request: mean, and the 95th percentile below",
      },
      cell: ({ row }) => <QueriesCell endpoint={row.original} />,
    }),
    helper.accessor("requests", {
      enableGlobalFilter: false,
      meta: { label: "Requests", isFigure: true },
      cell: ({ getValue }) => <Count value={getValue()} />,
    }),
    helper.accessor("errors", {
      enableGlobalFilter: false,
      meta: { label: "Errors", isFigure: true, help: "Requests that failed: status 500 and above" },
      cell: ({ row }) => <ErrorsCell endpoint={row.original} />,
    }),
    helper.accessor((endpoint) => endpoint.impact ?? undefined, {
      id: "impact",
      sortUndefined: "last",
      enableGlobalFilter: false,
      meta: {
        label: "Impact",
        isFigure: true,
        help: "Share of the total time of all requests selected: what making it faster is worth",
      },
      cell: ({ row }) => <ImpactCell impact={row.original.impact} />,
    }),
  ]);
}

function searchText(endpoint: Endpoint): string {
  return [endpoint.name, endpoint.view ?? "", endpoint.service, endpoint.environment].join(" ");
}

function percentile(name: "p50" | "p95", help: string) {
  return helper.accessor((endpoint) => endpoint.duration_ms?.[name] ?? undefined, {
    id: name,
    sortUndefined: "last",
    enableGlobalFilter: false,
    meta: { label: name, isFigure: true, help },
    cell: ({ getValue }) => <Duration value={getValue()} />,
  });
}

function MeanBar({ endpoint, barsUpTo }: { endpoint: Endpoint; barsUpTo: number | null }) {
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

function QueriesCell({ endpoint }: { endpoint: Endpoint }) {
  return (
    <>
      <Count value={endpoint.queries?.mean} />
      <span className={classes.aside}>
        p95 <Count value={endpoint.queries?.p95} />
      </span>
    </>
  );
}

function ErrorsCell({ endpoint }: { endpoint: Endpoint }) {
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

function ImpactCell({ impact }: { impact: number | null }) {
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
