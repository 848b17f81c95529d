import { Select } from "@mantine/core";
import { useMemo } from "react";
import type { Service } from "../api/types";
import { useServices } from "../services/queries";
import classes from "./FilterBar.module.css";
import { TimeRangePicker } from "./TimeRangePicker";
import { useFilters, useSetParameters } from "./useFilters";

const NO_NAME = "(not told)";

/** Narrows every page: service, environment, release, time range. */
export function FilterBar() {
  const filters = useFilters();
  const setParameters = useSetParameters();
  const services = useServices().data?.services ?? [];
  const options = useMemo(
    () => optionsFrom(services, filters.service),
    [services, filters.service],
  );

  return (
    <div className={classes.bar} role="search" aria-label="Filters">
      <NameSelect
        label="Service"
        all="All services"
        names={options.services}
        value={filters.service}
        onChange={(service) => setParameters({ service, release: null })}
      />
      <NameSelect
        label="Environment"
        all="All environments"
        names={options.environments}
        value={filters.environment}
        onChange={(environment) => setParameters({ environment })}
      />
      <NameSelect
        label="Release"
        all="All releases"
        names={options.releases}
        value={filters.release}
        onChange={(release) => setParameters({ release })}
      />
      <div className={classes.range}>
        <TimeRangePicker />
      </div>
    </div>
  );
}

interface NameSelectProps {
  label: string;
  all: string;
  names: string[];
  value: string | undefined;
  onChange: (value: string | null) => void;
}

// A name may be empty, which a select takes for "nothing chosen": names go in with a prefix.
function NameSelect({ label, all, names, value, onChange }: NameSelectProps) {
  const known = value === undefined || names.includes(value) ? names : [value, ...names];
  return (
    <Select
      size="xs"
      aria-label={label}
      placeholder={all}
      clearable
      clearButtonProps={{ "aria-label": all }}
      searchable={known.length > 8}
      data={known.map((name) => ({ value: `=${name}`, label: name === "" ? NO_NAME : name }))}
      value={value === undefined ? null : `=${value}`}
      onChange={(chosen) => onChange(chosen === null ? null : chosen.slice(1))}
      className={classes.select}
    />
  );
}

function optionsFrom(services: Service[], service: string | undefined) {
  const chosen = services.filter((each) => service === undefined || each.name === service);
  const releases = chosen.flatMap((each) => each.releases);
  releases.sort((a, b) => b.last_seen.localeCompare(a.last_seen));
  return {
    services: [...new Set(services.map((each) => each.name))],
    environments: [...new Set(chosen.map((each) => each.environment))],
    releases: [...new Set(releases.map((release) => release.name))],
  };
}
