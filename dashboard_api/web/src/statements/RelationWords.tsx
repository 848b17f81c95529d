import type { CallSite } from "../api/types";
import { Breakable } from "../numbers/Breakable";
import classes from "./Statements.module.css";

/** `lazy load of shop.Order.customer`, where a statement loads a relation. */
export function RelationWords({ site }: { site: Pick<CallSite, "relation" | "prefetch"> }) {
  if (site.relation === null) return null;
  return (
    <span className={classes.relation}>
      {site.prefetch ? "prefetch of" : "lazy load of"}{" "}
      <code>
        <Breakable text={`${site.relation.model}.${site.relation.field}`} />
      </code>
    </span>
  );
}
