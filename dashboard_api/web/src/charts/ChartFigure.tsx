import { Group, SegmentedControl } from "@mantine/core";
import { useState } from "react";
import type { ReactNode } from "react";
import classes from "./ChartFigure.module.css";

interface ChartFigureProps {
  title: string;
  note?: ReactNode;
  controls?: ReactNode;
  chart: ReactNode;
  /** The same figures as a table; asked for only when it is shown. */
  table: () => ReactNode;
}

/** A chart with its title and, on a switch, its figures as a table. */
export function ChartFigure({ title, note, controls, chart, table }: ChartFigureProps) {
  const [shown, setShown] = useState("chart");
  return (
    <figure className={classes.figure}>
      <figcaption className={classes.caption}>
        <div>
          <h2 className={classes.title}>{title}</h2>
          {note !== undefined && <p className={classes.note}>{note}</p>}
        </div>
        <Group gap="xs">
          {controls}
          <SegmentedControl
            size="xs"
            aria-label={`${title}: chart or table`}
            value={shown}
            onChange={setShown}
            data={[
              { value: "chart", label: "Chart" },
              { value: "table", label: "Table" },
            ]}
          />
        </Group>
      </figcaption>
      {shown === "chart" ? (
        chart
      ) : (
        <div className={classes.table} tabIndex={0} role="region" aria-label={`${title}: table`}>
          {table()}
        </div>
      )}
    </figure>
  );
}
