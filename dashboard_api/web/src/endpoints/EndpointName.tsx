import { Link } from "react-router";
import { useFilterSearch } from "../filters/useFilters";
import { Breakable } from "../numbers/Breakable";
import classes from "./EndpointsPage.module.css";

interface EndpointNameProps {
  endpoint: {
    id: string;
    service: string;
    environment: string;
    method: string;
    route: string;
    view?: string | null;
  };
  /** Also say whose it is. */
  withService?: boolean;
}

/** Method, route and view; the route leads to the endpoint. */
export function EndpointName({ endpoint, withService = false }: EndpointNameProps) {
  const search = useFilterSearch();
  const service = withService
    ? [endpoint.service, endpoint.environment].filter((name) => name !== "").join(" · ")
    : "";
  const below = [service, endpoint.view ?? ""].filter((text) => text !== "").join(" · ");
  return (
    <div className={classes.name}>
      <span className={classes.method}>{endpoint.method}</span>
      <div>
        <Link to={`/endpoints/${endpoint.id}${search}`}>
          <Breakable text={endpoint.route || "(no route)"} />
        </Link>
        {below !== "" && (
          <div className={classes.view}>
            <Breakable text={below} />
          </div>
        )}
      </div>
    </div>
  );
}
