import type { Span } from "../api/types";
import { duration } from "../numbers/format";
import classes from "./SpanDetail.module.css";

// Shown above in a better form, or too long to be read.
const SHOWN_ELSEWHERE = new Set(["db.query.text", "db.statement", "timesplit.digest"]);

export function SpanAttributes({ span }: { span: Span }) {
  const entries = Object.entries(span.attributes).filter(([name]) => !SHOWN_ELSEWHERE.has(name));
  return (
    <>
      {span.events.length > 0 && (
        <>
          <h3>Events</h3>
          {span.events.map((event) => (
            <div key={`${event.start_ms} ${event.name}`}>
              <p className={classes.event}>
                {event.name} at {duration(event.start_ms)}
              </p>
              <AttributeTable entries={Object.entries(event.attributes)} label={event.name} />
            </div>
          ))}
        </>
      )}
      {entries.length > 0 && (
        <>
          <h3>Attributes</h3>
          <AttributeTable entries={entries} label="Attributes" />
        </>
      )}
    </>
  );
}

function AttributeTable({ entries, label }: { entries: [string, unknown][]; label: string }) {
  return (
    <table className={classes.attributes} aria-label={label}>
      <tbody>
        {entries.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{typeof value === "string" ? value : JSON.stringify(value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
