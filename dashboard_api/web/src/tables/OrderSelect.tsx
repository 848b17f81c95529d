import { NativeSelect } from "@mantine/core";
import classes from "./DataTable.module.css";
import type { PageTable } from "./DataTable";

interface OrderSelectProps<Data extends object> {
  table: PageTable<Data>;
  label: string;
}

/** Chooses the order on narrow screens, where no header row is shown. */
export function OrderSelect<Data extends object>({ table, label }: OrderSelectProps<Data>) {
  const columns = table.getAllLeafColumns().filter((column) => column.getCanSort());
  const order = table.state.sorting[0];
  return (
    <NativeSelect
      className={classes.orderSelect}
      size="xs"
      label="Order by"
      aria-label={`Order ${label} by`}
      value={order === undefined ? "" : order.id}
      onChange={(event) => {
        const id = event.currentTarget.value;
        table.setSorting([{ id, desc: table.getColumn(id)?.getFirstSortDir() !== "asc" }]);
      }}
      data={columns.map((column) => ({
        value: column.id,
        label: column.columnDef.meta?.label ?? column.id,
      }))}
    />
  );
}
