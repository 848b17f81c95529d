import { useDocumentTitle } from "@mantine/hooks";
import { Link, useParams } from "react-router";
import type { Statement } from "../api/types";
import { useFilterSearch } from "../filters/useFilters";
import { Count, Duration, Share, Total } from "../numbers/Quantity";
import { Loaded } from "../states/Loaded";
import { CallingEndpoints } from "./CallingEndpoints";
import { useStatement } from "./queries";
import { SqlBlock } from "./Sql";
import { CallSites } from "./StatementDetails";
import classes from "./Statements.module.css";

/** One statement: its text, its figures, the endpoints and the lines that run it. */
export function StatementPage() {
  const { fingerprint = "" } = useParams();
  const search = useFilterSearch();
  const query = useStatement(fingerprint);
  useDocumentTitle(`${query.data?.statement.summary ?? "Statement"} – Timesplit`);
  return (
    <>
      <nav className={classes.trail} aria-label="Breadcrumb">
        <Link to={`/statements${search}`}>Statements</Link>
      </nav>
      <Loaded query={query} height={420}>
        {({ statement }) => (
          <>
            <h1 className={classes.title}>{statement.summary}</h1>
            <StatementFigures statement={statement} />
            <SqlBlock text={statement.text} system={statement.system} />
            <h2 className={classes.heading}>Endpoints that run it</h2>
            <div className={classes.box}>
              <CallingEndpoints endpoints={statement.endpoints} />
            </div>
            <h2 className={classes.heading}>Lines that run it</h2>
            <div className={classes.box}>
              <CallSites statement={statement} />
            </div>
          </>
        )}
      </Loaded>
    </>
  );
}

function StatementFigures({ statement }: { statement: Statement }) {
  const took = statement.duration_ms;
  const facts: [string, React.ReactNode][] = [
    ["Total", <Total value={took?.total} />],
    ["Impact", <Share value={statement.impact} />],
    ["Calls", <Count value={statement.calls} />],
    ["Calls / request", <Count value={statement.calls_per_request} />],
    ["Mean", <Duration value={took?.mean} />],
    ["p95", <Duration value={took?.p95} />],
    ["Slowest", <Duration value={took?.max} />],
    ["Execute, a call", <Duration value={statement.execute_ms?.mean} />],
    ["Fetch, a call", <Duration value={statement.fetch_ms?.mean} />],
    ["Rows / call", <Count value={statement.rows_per_call} />],
  ];
  return (
    <dl className={classes.facts}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
