import type { Endpoint } from "../api/types";
import { DataTable } from "../tables/DataTable";
import { Look } from "./cells";
import { columns } from "./columns";

/** Bars as long as the mean request, or all of one length. */
export type BarMode = "time" | "share";

interface EndpointsTableProps {
  endpoints: Endpoint[];
  filter: string;
  mode: BarMode;
}

export function EndpointsTable({ endpoints, filter, mode }: EndpointsTableProps) {
  const slowest = Math.max(...endpoints.map((endpoint) => endpoint.duration_ms?.mean ?? 0));
  const withService = new Set(endpoints.map((e) => `${e.service}\n${e.environment}`)).size > 1;
  return (
    <Look value={{ barsUpTo: mode === "time" ? slowest : null, withService }}>
      <DataTable
        label="endpoints"
        columns={columns}
        rows={endpoints}
        rowId={(endpoint) => endpoint.id}
        orderParameter="sort"
        defaultOrder="-impact"
        filter={filter}
        empty={`No endpoint's name holds “${filter}”.`}
      />
    </Look>
  );
}
