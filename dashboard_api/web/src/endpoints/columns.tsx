import { createColumnHelper } from "@tanstack/react-table";
import type { Endpoint } from "../api/types";
import { Count, Duration } from "../numbers/Quantity";
import type { Features } from "../tables/features";
import { ErrorsCell, ImpactCell, MeanBar, NameCell, QueriesCell } from "./cells";
import { Percentile99 } from "./Percentile99";

const helper = createColumnHelper<Features, Endpoint>();

// Made once: new columns would be new components, and whatever has the focus would lose it.
export const columns = helper.columns([
  helper.accessor((endpoint) => searchText(endpoint), {
    id: "name",
    sortFn: (a, b) => a.original.name.localeCompare(b.original.name),
    sortDescFirst: false,
    meta: { label: "Endpoint", isWide: true, width: "30%" },
    cell: ({ row }) => <NameCell endpoint={row.original} />,
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
    cell: ({ row }) => <MeanBar endpoint={row.original} />,
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
