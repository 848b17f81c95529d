import type { Statement } from "../api/types";
import { EndpointName } from "../endpoints/EndpointName";
import { Count, Total } from "../numbers/Quantity";
import classes from "./Statements.module.css";

/** The endpoints whose requests run a statement. */
export function CallingEndpoints({ endpoints }: { endpoints: Statement["endpoints"] }) {
  return (
    <table className={classes.sites} aria-label="Endpoints that run it">
      <thead>
        <tr>
          <th scope="col">Endpoint</th>
          <th scope="col">Calls</th>
          <th scope="col">Total</th>
        </tr>
      </thead>
      <tbody>
        {endpoints.map((endpoint) => (
          <tr key={endpoint.id}>
            <td>
              <EndpointName endpoint={endpoint} withService />
            </td>
            <td>
              <Count value={endpoint.calls} />
            </td>
            <td>
              <Total value={endpoint.total_ms} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
