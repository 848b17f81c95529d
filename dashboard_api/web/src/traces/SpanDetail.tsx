import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Span } from "../api/types";
import { useFilterSearch } from "../filters/useFilters";
import { Duration } from "../numbers/Quantity";
import { CATEGORY_NAMES } from "../split/categories";
import { Swatch } from "../split/Swatch";
import { CallSiteLine } from "../statements/CallSiteLine";
import { RelationWords } from "../statements/RelationWords";
import { SqlBlock } from "../statements/Sql";
import { FoldDetail } from "./FoldDetail";
import { OwnTimeTable } from "./OwnTimeTable";
import { spanTitle } from "./rows";
import type { WaterfallRow } from "./rows";
import classes from "./SpanDetail.module.css";
import { SpanAttributes } from "./SpanAttributes";

interface SpanDetailProps {
  row: WaterfallRow | null;
}

/** All there is to say about the span that was chosen. */
export function SpanDetail({ row }: SpanDetailProps) {
  if (row === null) {
    return (
      <aside className={classes.detail} aria-label="Span">
        <p className={classes.hint}>
          Choose a span to see its SQL, the line that caused it and its attributes. Full colour is a
          span&rsquo;s own time, divided as that time is; the light part is time of the spans inside
          it.
        </p>
      </aside>
    );
  }
  return (
    <aside className={classes.detail} aria-label="Span" aria-live="polite">
      <h2>{spanTitle(row.span)}</h2>
      {row.fold !== null && <FoldDetail row={row} fold={row.fold} />}
      <Facts span={row.span} isOne={row.fold === null} />
      {row.own.filter((time) => time.ms > 0).length > 1 && <OwnTimeTable own={row.own} />}
      {row.span.statement !== null && <StatementOf statement={row.span.statement} />}
      {row.fold === null && <SpanAttributes span={row.span} />}
    </aside>
  );
}

function Facts({ span, isOne }: { span: Span; isOne: boolean }) {
  const facts: [string, ReactNode][] = [];
  if (isOne) {
    facts.push(
      ["Duration", <Duration value={span.duration_ms} />],
      ["Starts at", <Duration value={span.start_ms} />],
    );
  }
  facts.push(["Category", <CategoryOf span={span} />]);
  if (span.call_site !== null) facts.push(["Called from", <CallSiteLine site={span.call_site} />]);
  if (span.statement !== null && span.statement.relation !== null) {
    facts.push(["Loads", <RelationWords site={span.statement} />]);
  }
  facts.push(["Service", span.service], ["Kind", span.kind]);
  if (span.status === "error") facts.push(["Failed", span.status_message ?? "without a message"]);
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

function CategoryOf({ span }: { span: Span }) {
  if (span.category === null) return <>none: it belongs to no stored request</>;
  return (
    <>
      <Swatch category={span.category} /> {CATEGORY_NAMES[span.category]}
      {span.part !== null && span.part !== span.category && ` (${span.part})`}
    </>
  );
}

function StatementOf({ statement }: { statement: NonNullable<Span["statement"]> }) {
  const search = useFilterSearch();
  return (
    <>
      <SqlBlock text={statement.text} system={statement.system} />
      <p className={classes.more}>
        <Link to={`/statements/${statement.fingerprint}${search}`}>
          This statement over all endpoints
        </Link>
      </p>
    </>
  );
}
