import type { ReactNode } from "react";
import classes from "./PlainTable.module.css";

interface PlainTableProps {
  label: string;
  columns: string[];
  rows: { key: string; cells: ReactNode[] }[];
}

/** A chart's figures: the first column names the row, the others are figures. */
export function PlainTable({ label, columns, rows }: PlainTableProps) {
  return (
    <table className={classes.table} aria-label={label}>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.key}>
            {row.cells.map((cell, index) =>
              index === 0 ? (
                <th key={columns[index]} scope="row">
                  {cell}
                </th>
              ) : (
                <td key={columns[index]}>{cell}</td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
