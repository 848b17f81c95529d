import { formatDialect, mysql, postgresql, sql, sqlite } from "sql-formatter";
import type { DialectOptions } from "sql-formatter";
import { useMemo } from "react";
import { highlighted } from "./Sql";
import classes from "./Sql.module.css";

const DIALECTS: Record<string, DialectOptions> = {
  mariadb: mysql,
  mysql,
  postgresql,
  sqlite,
};

/** Loaded when a statement is opened: the formatter is large. */
export default function FormattedSql({ text, system }: { text: string; system: string }) {
  const html = useMemo(() => highlighted(laidOut(text, system)), [text, system]);
  return (
    <pre className={classes.block} tabIndex={0} aria-label="SQL">
      <code dangerouslySetInnerHTML={{ __html: html }} />
    </pre>
  );
}

function laidOut(text: string, system: string): string {
  try {
    return formatDialect(text, {
      dialect: DIALECTS[system] ?? sql,
      tabWidth: 2,
      expressionWidth: 80,
      paramTypes: {
        positional: true,
        numbered: ["$", ":"],
        custom: [{ regex: "%s" }, { regex: String.raw`\.\.\.` }],
      },
    });
  } catch {
    return text; // not every text that a database takes can be laid out
  }
}
