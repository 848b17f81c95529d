import { SegmentedControl } from "@mantine/core";
import { useMemo, useState } from "react";
import type { Timeline } from "../api/types";
import { Chart } from "../charts/Chart";
import { ChartFigure } from "../charts/ChartFigure";
import { PlainTable } from "../charts/PlainTable";
import { useColors } from "../charts/useColors";
import { dayAndTime } from "../filters/timeRange";
import { useSetParameters } from "../filters/useFilters";
import { Count, Duration, Total } from "../numbers/Quantity";
import { plural } from "../numbers/format";
import { CATEGORIES, CATEGORY_NAMES } from "../split/categories";
import { timelineOption, timelineValue } from "./timelineOption";
import type { TimelineMode } from "./timelineOption";

/** The split over time. Dragging over it narrows the whole page to what was dragged over. */
export function TimelineFigure({ timeline }: { timeline: Timeline }) {
  const colors = useColors();
  const setParameters = useSetParameters();
  const [mode, setMode] = useState<TimelineMode>("mean");
  const option = useMemo(() => timelineOption(timeline, colors, mode), [timeline, colors, mode]);

  function narrow(first: number, last: number) {
    const [from, to] = [timeline.time[first], timeline.time[last + 1] ?? timeline.to];
    if (from !== undefined) setParameters({ from, to });
  }

  return (
    <ChartFigure
      title="The split over time"
      note={`One bar is ${plural(timeline.step_s / 60, "minute")}; the dashed line is p95. Drag to narrow the range.`}
      controls={
        <SegmentedControl
          size="xs"
          aria-label="What the bars show"
          value={mode}
          onChange={setMode}
          data={[
            { value: "mean", label: "Mean request" },
            { value: "total", label: "All requests" },
          ]}
        />
      }
      chart={
        <Chart
          option={option}
          height={340}
          label="Stacked split of the requests over time, with the 95th percentile and the request rate"
          onDrag={narrow}
        />
      }
      table={() => <TimelineTable timeline={timeline} mode={mode} />}
    />
  );
}

function TimelineTable({ timeline, mode }: { timeline: Timeline; mode: TimelineMode }) {
  const Value = mode === "mean" ? Duration : Total;
  const rows = timeline.time.flatMap((time, index) => {
    if (timeline.requests[index] === 0) return [];
    const cells = CATEGORIES.map((category) => (
      <Value key={category} value={timelineValue(timeline, category, index, mode)} />
    ));
    return {
      key: time,
      cells: [
        dayAndTime(new Date(time)),
        <Count key="requests" value={timeline.requests[index]} />,
        <Count key="errors" value={timeline.errors[index]} />,
        <Duration key="p95" value={timeline.duration_ms.p95[index]} />,
        ...cells,
      ],
    };
  });
  const names = CATEGORIES.map((category) => CATEGORY_NAMES[category]);
  return (
    <PlainTable
      label="The split over time"
      columns={["Time", "Requests", "Errors", "p95", ...names]}
      rows={rows}
    />
  );
}
