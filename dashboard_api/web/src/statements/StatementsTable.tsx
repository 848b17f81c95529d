import { DataTable } from "../tables/DataTable";
import { columns } from "./columns";
import type { AnyStatement } from "./columns";
import { StatementDetails } from "./StatementDetails";

interface StatementsTableProps {
  statements: AnyStatement[];
  orderParameter: string;
  filter?: string;
}

export function StatementsTable({ statements, orderParameter, filter = "" }: StatementsTableProps) {
  return (
    <DataTable
      label="statements"
      columns={columns}
      rows={statements}
      rowId={(statement) => statement.fingerprint}
      orderParameter={orderParameter}
      defaultOrder="-total"
      filter={filter}
      detail={(statement) => <StatementDetails statement={statement} />}
      empty={
        filter === ""
          ? "No database statements are known of these requests."
          : `No statement holds “${filter}”.`
      }
    />
  );
}
