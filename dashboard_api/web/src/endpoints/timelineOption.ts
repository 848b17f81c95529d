import type { ChartOption } from "../charts/EChart";
import {
  axisText,
  brushLook,
  CHART_TEXT,
  tooltipLook,
  tooltipRow,
  tooltipTable,
} from "../charts/look";
import type { Colors } from "../app/colors";
import type { Timeline } from "../api/types";
import { clockTime, dayAndTime } from "../filters/timeRange";
import { count, duration, total } from "../numbers/format";
import { CATEGORIES, CATEGORY_NAMES } from "../split/categories";
import type { Category } from "../split/categories";

/** Means of one request, or sums over all requests of a bucket. */
export type TimelineMode = "mean" | "total";

/** Milliseconds of one category in one bucket, so that the categories add up to the whole. */
export function timelineValue(
  timeline: Timeline,
  category: Category,
  index: number,
  mode: TimelineMode,
) {
  const sum = timeline.split_ms[category].total[index];
  const requests = timeline.requests[index] ?? 0;
  if (sum == null || requests === 0) return null;
  return mode === "total" ? sum : sum / requests;
}

/** The stacked split over time with the 95th percentile, and the request rate below. */
export function timelineOption(
  timeline: Timeline,
  colors: Colors,
  mode: TimelineMode,
): ChartOption {
  return {
    textStyle: CHART_TEXT,
    grid: [
      { left: 62, right: 14, top: 22, bottom: 104 },
      { left: 62, right: 14, height: 46, bottom: 24 },
    ],
    xAxis: [0, 1].map((gridIndex) => timeAxis(timeline, colors, gridIndex)),
    yAxis: valueAxes(colors, mode === "mean" ? duration : total),
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    tooltip: tooltipLook(colors, (index) => tooltipText(timeline, colors, mode, index)),
    brush: brushLook(colors),
    series: [
      ...CATEGORIES.map((category) => ({
        type: "bar" as const,
        name: CATEGORY_NAMES[category],
        stack: "split",
        barCategoryGap: BAR_GAP,
        itemStyle: { color: colors.category[category] },
        data: timeline.time.map(
          (_, index) => timelineValue(timeline, category, index, mode) ?? "-",
        ),
      })),
      ...(mode === "mean" ? [percentileLine(timeline, colors)] : []),
      releaseLines(timeline, colors),
      ...rateBars(timeline, colors),
    ],
  };
}

const BAR_GAP = "12%";

function timeAxis(timeline: Timeline, colors: Colors, gridIndex: number) {
  const isLong = Date.parse(timeline.to) - Date.parse(timeline.from) > 86_400_000;
  const written = isLong ? dayAndTime : clockTime;
  return {
    type: "category" as const,
    gridIndex,
    data: timeline.time.map((time) => written(new Date(time))),
    axisLabel: { ...axisText(colors), show: gridIndex === 1, hideOverlap: true },
    axisLine: { lineStyle: { color: colors.line } },
    axisTick: { show: false },
  };
}

function valueAxes(colors: Colors, written: (ms: number) => string) {
  const splitLine = { lineStyle: { color: colors.line } };
  const text = axisText(colors);
  return [
    {
      type: "value" as const,
      gridIndex: 0,
      axisLabel: { ...text, formatter: written },
      splitLine,
    },
    {
      type: "value" as const,
      gridIndex: 1,
      splitNumber: 2,
      name: "requests a minute",
      nameGap: 8,
      nameTextStyle: { ...text, align: "left" as const, padding: [0, 0, 0, -50] },
      axisLabel: text,
      splitLine,
    },
  ];
}

function percentileLine(timeline: Timeline, colors: Colors) {
  return {
    type: "line" as const,
    name: "p95",
    symbol: timeline.time.length > 80 ? "none" : "circle",
    symbolSize: 4,
    lineStyle: { color: colors.text, width: 1.5, type: "dashed" as const },
    itemStyle: { color: colors.text },
    data: timeline.duration_ms.p95.map((value) => value ?? "-"),
  };
}

/** A line where releases were first seen; those of one bucket share it. */
function releaseLines(timeline: Timeline, colors: Colors) {
  const first = Date.parse(timeline.from);
  const names = new Map<number, string[]>();
  for (const { release, time } of timeline.releases) {
    const index = Math.floor((Date.parse(time) - first) / (timeline.step_s * 1000));
    names.set(index, [...(names.get(index) ?? []), release === "" ? "new release" : release]);
  }
  return {
    type: "line" as const,
    name: "releases",
    data: [],
    markLine: {
      symbol: "none",
      silent: true,
      lineStyle: { color: colors.text, type: "solid" as const },
      label: { color: colors.text, fontSize: 11, formatter: "{b}" },
      data: [...names].map(([xAxis, releases]) => ({ name: `▾ ${releases.join(", ")}`, xAxis })),
    },
  };
}

function rateBars(timeline: Timeline, colors: Colors) {
  const bars = (name: string, color: string, amounts: number[]) => ({
    type: "bar" as const,
    name,
    stack: "rate",
    xAxisIndex: 1,
    yAxisIndex: 1,
    barCategoryGap: BAR_GAP,
    itemStyle: { color },
    data: amounts.map((amount) => (amount * 60) / timeline.step_s),
  });
  const good = timeline.requests.map((requests, index) => requests - (timeline.errors[index] ?? 0));
  return [bars("requests", colors.dimmed, good), bars("errors", colors.failed, timeline.errors)];
}

function tooltipText(timeline: Timeline, colors: Colors, mode: TimelineMode, index: number) {
  const time = timeline.time[index];
  if (time === undefined) return "";
  const title = dayAndTime(new Date(time));
  const requests = timeline.requests[index] ?? 0;
  if (requests === 0) return `<b>${title}</b><br>no requests`;
  const written = mode === "mean" ? duration : total;
  const rows = CATEGORIES.map((category) => {
    const value = timelineValue(timeline, category, index, mode);
    const text = value === null ? "unknown" : written(value);
    return tooltipRow(colors.category[category], CATEGORY_NAMES[category], text);
  });
  const p95 = timeline.duration_ms.p95[index];
  return tooltipTable(title, [
    ...rows,
    tooltipRow(colors.text, "p95", p95 == null ? "–" : duration(p95)),
    tooltipRow(colors.dimmed, "Requests", count(requests)),
    tooltipRow(colors.failed, "Errors", count(timeline.errors[index] ?? 0)),
  ]);
}
