import type { ChartOption } from "../charts/EChart";
import type { Colors } from "../app/colors";
import type { Timeline } from "../api/types";
import { dayAndTime } from "../filters/timeRange";
import { count, duration, total } from "../numbers/format";
import { CATEGORIES, CATEGORY_NAMES } from "../split/categories";
import type { Category } from "../split/categories";

/** Means of one request, or sums over all requests of a bucket. */
export type TimelineMode = "mean" | "total";

/** Milliseconds of one category in one bucket, so that the categories add up to the whole. */
export function timelineValue(timeline: Timeline, category: Category, index: number, mode: TimelineMode) {
  const sum = timeline.split_ms[category].total[index];
  const requests = timeline.requests[index] ?? 0;
  if (sum == null || requests === 0) return null;
  return mode === "total" ? sum : sum / requests;
}

/** The stacked split over time with the 95th percentile, and the request rate below. */
export function timelineOption(timeline: Timeline, colors: Colors, mode: TimelineMode): ChartOption {
  const written = mode === "mean" ? duration : total;
  const times = timeline.time.map((time) => Date.parse(time));
  const axis = { min: Date.parse(timeline.from), max: Date.parse(timeline.to) };
  // A bar stands in the middle of its bucket.
  const middles = times.map((time) => time + timeline.step_s * 500);
  const label = { color: colors.dimmed, fontSize: 11 };
  return {
    textStyle: { fontFamily: "inherit" },
    grid: [
      { left: 62, right: 14, top: 22, bottom: 104 },
      { left: 62, right: 14, height: 46, bottom: 24 },
    ],
    xAxis: [
      { type: "time", gridIndex: 0, ...axis, axisLabel: { show: false }, axisLine: line(colors), axisTick: { show: false } },
      { type: "time", gridIndex: 1, ...axis, axisLabel: { ...label, hideOverlap: true }, axisLine: line(colors) },
    ],
    yAxis: [
      { type: "value", gridIndex: 0, axisLabel: { ...label, formatter: written }, splitLine: line(colors) },
      { type: "value", gridIndex: 1, splitNumber: 2, name: "requests a minute", nameTextStyle: { ...label, align: "left", padding: [0, 0, 0, -50] }, nameGap: 8, axisLabel: label, splitLine: line(colors) },
    ],
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    tooltip: {
      trigger: "axis",
      axisPointer: { type: "shadow" },
      backgroundColor: colors.surface,
      borderColor: colors.line,
      textStyle: { color: colors.text, fontSize: 12 },
      formatter: (shown: unknown) => tooltipText(timeline, colors, mode, indexOf(shown)),
    },
    brush: { xAxisIndex: 0, brushStyle: { color: `${colors.dimmed}33`, borderColor: colors.dimmed } },
    series: [
      ...CATEGORIES.map((category) => ({
        type: "bar" as const,
        name: CATEGORY_NAMES[category],
        stack: "split",
        barWidth: barWidth(times.length),
        itemStyle: { color: colors.category[category] },
        data: middles.map((time, index) => [time, timelineValue(timeline, category, index, mode) ?? "-"]),
      })),
      ...(mode === "mean" ? [percentileLine(timeline, middles, colors)] : []),
      releaseLines(timeline, colors),
      ...rateBars(timeline, middles, colors),
    ],
  };
}

const line = (colors: Colors) => ({ show: true, lineStyle: { color: colors.line } });

const barWidth = (buckets: number) => `${Math.max(60 / buckets, 0.15)}%`;

function percentileLine(timeline: Timeline, middles: number[], colors: Colors) {
  return {
    type: "line" as const,
    name: "p95",
    symbol: middles.length > 80 ? "none" : "circle",
    symbolSize: 4,
    lineStyle: { color: colors.text, width: 1.5, type: "dashed" as const },
    itemStyle: { color: colors.text },
    data: middles.map((time, index) => [time, timeline.duration_ms.p95[index] ?? "-"]),
  };
}

function releaseLines(timeline: Timeline, colors: Colors) {
  return {
    type: "line" as const,
    name: "releases",
    data: [],
    markLine: {
      symbol: "none",
      silent: true,
      lineStyle: { color: colors.dimmed, type: "solid" as const },
      label: { color: colors.dimmed, fontSize: 11, formatter: "{b}" },
      data: timeline.releases.map((marker) => ({
        name: marker.release === "" ? "new release" : marker.release,
        xAxis: Date.parse(marker.time),
      })),
    },
  };
}

function rateBars(timeline: Timeline, middles: number[], colors: Colors) {
  const perMinute = (amount: number) => (amount * 60) / timeline.step_s;
  const bars = (name: string, color: string, amounts: number[]) => ({
    type: "bar" as const,
    name,
    stack: "rate",
    xAxisIndex: 1,
    yAxisIndex: 1,
    barWidth: barWidth(middles.length),
    itemStyle: { color },
    data: middles.map((time, index) => [time, perMinute(amounts[index] ?? 0)]),
  });
  const good = timeline.requests.map((requests, index) => requests - (timeline.errors[index] ?? 0));
  return [bars("requests", colors.dimmed, good), bars("errors", colors.failed, timeline.errors)];
}

function indexOf(shown: unknown): number {
  const first = (Array.isArray(shown) ? shown[0] : shown) as { dataIndex?: number } | undefined;
  return first?.dataIndex ?? 0;
}

function tooltipText(timeline: Timeline, colors: Colors, mode: TimelineMode, index: number): string {
  const written = mode === "mean" ? duration : total;
  const time = timeline.time[index];
  if (time === undefined) return "";
  const row = (color: string, name: string, value: string) =>
    `<tr><td><span style="display:inline-block;width:9px;height:9px;border-radius:2px;background:${color}"></span> ${name}</td><td style="padding-left:16px;text-align:right">${value}</td></tr>`;
  const rows = CATEGORIES.map((category) => {
    const value = timelineValue(timeline, category, index, mode);
    return row(colors.category[category], CATEGORY_NAMES[category], value === null ? "unknown" : written(value));
  });
  const p95 = timeline.duration_ms.p95[index];
  rows.push(row(colors.text, "p95", p95 == null ? "–" : duration(p95)));
  rows.push(row(colors.dimmed, "Requests", count(timeline.requests[index] ?? 0)));
  rows.push(row(colors.failed, "Errors", count(timeline.errors[index] ?? 0)));
  return `<b>${dayAndTime(new Date(time))}</b><table>${rows.join("")}</table>`;
}
