import { Loaded } from "../states/Loaded";
import { useEndpointStatements } from "./queries";
import classes from "./Statements.module.css";
import { StatementsTable } from "./StatementsTable";

/** The statements of one endpoint. */
export function StatementsSection({ endpointId }: { endpointId: string }) {
  const query = useEndpointStatements(endpointId);
  return (
    <section aria-label="Statements of this endpoint">
      <h2 className={classes.heading}>Statements</h2>
      <Loaded query={query}>
        {(list) => (
          <>
            <StatementsTable statements={list.statements} orderParameter="statements" />
            {list.next_cursor !== null && (
              <p className={classes.dim}>The costliest {list.statements.length} are shown.</p>
            )}
          </>
        )}
      </Loaded>
    </section>
  );
}
