import type { Statement } from "../api/types";
import { plural, share, total } from "../numbers/format";
import classes from "./Statements.module.css";

/** What the statements shown add up to, in one sentence. */
export function Overview({ statements }: { statements: Statement[] }) {
  const sum = (value: (statement: Statement) => number | null | undefined) =>
    statements.reduce((before, statement) => before + (value(statement) ?? 0), 0);
  const calls = sum((statement) => statement.calls);
  const took = sum((statement) => statement.duration_ms?.total);
  const impact = sum((statement) => statement.impact);
  return (
    <p className={classes.overview}>
      {plural(statements.length, "statement")} ran {plural(calls, "time")} and took {total(took)},{" "}
      {share(impact)} of the time of all requests.
    </p>
  );
}
