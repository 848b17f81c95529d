import { Tooltip } from "@mantine/core";
import type { Header } from "@tanstack/react-table";
import classes from "./DataTable.module.css";
import type { PageTable } from "./DataTable";
import type { Features } from "./features";

const DIRECTIONS = { asc: "ascending", desc: "descending" } as const;

export function HeaderRow<Data extends object>({ table }: { table: PageTable<Data> }) {
  return (
    <>
      {table.getHeaderGroups().map((group) => (
        <tr key={group.id} role="row">
          {group.headers.map((header) => (
            <HeaderCell key={header.id} header={header} />
          ))}
        </tr>
      ))}
    </>
  );
}

function HeaderCell<Data extends object>({ header }: { header: Header<Features, Data, unknown> }) {
  const { column } = header;
  const meta = column.columnDef.meta;
  const sorted = column.getIsSorted();
  const label = meta?.label ?? column.id;
  const help = meta?.help;
  const button = (
    <button type="button" className={classes.order} onClick={column.getToggleSortingHandler()}>
      {label}
      <span className={classes.arrow} aria-hidden="true">
        {sorted === false ? "" : sorted === "desc" ? "↓" : "↑"}
      </span>
    </button>
  );
  return (
    <th
      role="columnheader"
      scope="col"
      data-figure={meta?.isFigure}
      style={meta?.width === undefined ? undefined : { width: meta.width }}
      aria-sort={sorted === false ? undefined : DIRECTIONS[sorted]}
    >
      {!column.getCanSort() ? (
        label
      ) : help === undefined ? (
        button
      ) : (
        <Tooltip label={help} multiline w={260} openDelay={300}>
          {button}
        </Tooltip>
      )}
    </th>
  );
}
