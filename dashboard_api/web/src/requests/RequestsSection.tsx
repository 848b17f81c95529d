import { SegmentedControl } from "@mantine/core";
import { useSearchParams } from "react-router";
import { useSetParameters } from "../filters/useFilters";
import { duration } from "../numbers/format";
import { Loaded } from "../states/Loaded";
import { CHOICES, useDurationBounds, useRequests } from "./queries";
import type { Choice } from "./queries";
import classes from "./Requests.module.css";
import { RequestsTable } from "./RequestsTable";

/** Single requests of an endpoint to look into: the slowest, the latest, the failed. */
export function RequestsSection({ endpointId }: { endpointId: string }) {
  const [parameters] = useSearchParams();
  const setParameters = useSetParameters();
  const bounds = useDurationBounds();
  const choice = choiceFrom(parameters.get("requests"));
  const query = useRequests(endpointId, choice);
  return (
    <section aria-label="Single requests">
      <div className={classes.head}>
        <h2>
          Single requests
          {bounds.min_ms !== undefined && bounds.max_ms !== undefined && (
            <small>
              {" "}
              that took {duration(bounds.min_ms)} to {duration(bounds.max_ms)}
            </small>
          )}
        </h2>
        <SegmentedControl
          size="xs"
          aria-label="Which requests"
          value={choice}
          onChange={(value) => setParameters({ requests: value }, { replace: true })}
          data={Object.entries(CHOICES).map(([value, { label }]) => ({ value, label }))}
        />
      </div>
      <Loaded query={query}>{(list) => <RequestsTable requests={list.requests} />}</Loaded>
    </section>
  );
}

function choiceFrom(text: string | null): Choice {
  return text !== null && text in CHOICES ? (text as Choice) : "slowest";
}
