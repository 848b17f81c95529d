import { Anchor, Code, Text } from "@mantine/core";
import { useServices } from "../services/queries";
import { useFilters, useSetParameters } from "../filters/useFilters";
import { rangeText } from "../filters/timeRange";
import classes from "./states.module.css";

const SETTINGS = `pip install timesplit-django

# settings.py
INSTALLED_APPS = ["timesplit_django", ...]`;

/** There is nothing to show: either nothing has ever arrived, or the filters leave nothing. */
export function NoRequests() {
  const services = useServices();
  if (services.data !== undefined && services.data.services.length === 0) return <NothingYet />;
  return <NothingSelected />;
}

function NothingYet() {
  const collector = `http://${window.location.hostname}:4318`;
  return (
    <div className={classes.empty}>
      <h2>Nothing has arrived yet</h2>
      <Text size="sm">In your Django project:</Text>
      <Code block>{SETTINGS}</Code>
      <Text size="sm">
        Then start it with the address of the collector, and open one of its pages:
      </Text>
      <Code
        block
      >{`OTEL_SERVICE_NAME=shop OTEL_EXPORTER_OTLP_ENDPOINT=${collector} gunicorn …`}</Code>
      <Text size="sm">
        <Code>python manage.py timesplit_check</Code> says what is wired and sends one test span.
        This page looks for new requests by itself.
      </Text>
    </div>
  );
}

function NothingSelected() {
  const { from, to } = useFilters();
  const setParameters = useSetParameters();
  return (
    <div className={classes.empty}>
      <h2>No requests here</h2>
      <Text size="sm">
        There were none with these filters in: {rangeText(from, to).toLowerCase()}.{" "}
        <Anchor
          component="button"
          size="sm"
          onClick={() => setParameters({ from: "-24h", to: "now" })}
        >
          Look at the last 24 hours
        </Anchor>{" "}
        or{" "}
        <Anchor
          component="button"
          size="sm"
          onClick={() => setParameters({ service: null, environment: null, release: null })}
        >
          clear the filters
        </Anchor>
        .
      </Text>
    </div>
  );
}
