import type { DurationHistogram, EndpointDetail, HistogramBucket } from "../api/types";
import type { Colors } from "../app/colors";
import type { ChartOption } from "../charts/EChart";
import {
  axisText,
  brushLook,
  CHART_TEXT,
  tooltipLook,
  tooltipRow,
  tooltipTable,
} from "../charts/look";
import { duration, plural, share as shareText } from "../numbers/format";
import { CATEGORIES, CATEGORY_NAMES } from "../split/categories";
import { splitOf, sumOf } from "../split/splitValues";

interface Marks {
  colors: Colors;
  /** The buckets that single requests are narrowed to, from their first to their last. */
  chosen: [number, number] | null;
}

/** How many requests took how long; each bar is divided as the time of its requests is. */
export function histogramOption(
  histogram: DurationHistogram,
  endpoint: EndpointDetail,
  { colors, chosen }: Marks,
): ChartOption {
  const { buckets } = histogram;
  const label = axisText(colors);
  const faded = (index: number) =>
    chosen === null || (index >= chosen[0] && index <= chosen[1]) ? 1 : 0.3;
  return {
    textStyle: CHART_TEXT,
    grid: { left: 52, right: 14, top: 24, bottom: 26 },
    xAxis: {
      type: "category",
      data: buckets.map((bucket) => `≤ ${duration(bucket.max_ms)}`),
      axisLabel: { ...label, hideOverlap: true },
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colors.line } },
    },
    yAxis: {
      type: "value",
      minInterval: 1,
      axisLabel: label,
      splitLine: { lineStyle: { color: colors.line } },
    },
    tooltip: tooltipLook(colors, (index) => tooltipText(histogram, colors, index)),
    brush: brushLook(colors),
    series: [
      ...CATEGORIES.map((category) => ({
        type: "bar" as const,
        name: CATEGORY_NAMES[category],
        stack: "requests",
        barCategoryGap: "8%",
        barMaxWidth: 90,
        itemStyle: { color: colors.category[category] },
        data: buckets.map((bucket, index) => ({
          value: requestsFor(bucket, category),
          itemStyle: { opacity: faded(index) },
        })),
      })),
      {
        type: "bar" as const,
        name: "split not kept",
        stack: "requests",
        barMaxWidth: 90,
        itemStyle: { color: colors.dimmed },
        data: buckets.map((bucket, index) => ({
          value: bucket.mean_ms === null ? bucket.requests : 0,
          itemStyle: { opacity: faded(index) },
        })),
        markLine: percentileMarks(buckets, endpoint, colors),
      },
    ],
  };
}

/** How much of a bar belongs to a category: its share of the time of the bar's requests. */
function requestsFor(bucket: HistogramBucket, category: (typeof CATEGORIES)[number]): number {
  if (bucket.mean_ms === null) return 0;
  const values = splitOf(bucket.mean_ms);
  const sum = sumOf(values);
  return sum === 0 ? 0 : (bucket.requests * (values[category] ?? 0)) / sum;
}

function percentileMarks(buckets: HistogramBucket[], endpoint: EndpointDetail, colors: Colors) {
  const marks = (["p50", "p95", "p99"] as const).flatMap((name) => {
    const value = endpoint.duration_ms?.[name];
    const index = buckets.findIndex((bucket) => value !== undefined && value <= bucket.max_ms);
    return index === -1 ? [] : [{ name, xAxis: index }];
  });
  // Percentiles that share a bar share a mark.
  const byBar = new Map<number, string[]>();
  for (const { name, xAxis } of marks) byBar.set(xAxis, [...(byBar.get(xAxis) ?? []), name]);
  return {
    symbol: "none",
    silent: true,
    lineStyle: { color: colors.text, type: "dashed" as const },
    label: { color: colors.text, fontSize: 11, formatter: "{b}" },
    data: [...byBar].map(([xAxis, names]) => ({ name: names.join(", "), xAxis })),
  };
}

export function bucketText(bucket: HistogramBucket): string {
  return `${duration(bucket.min_ms)} – ${duration(bucket.max_ms)}`;
}

function tooltipText({ buckets, requests }: DurationHistogram, colors: Colors, index: number) {
  const bucket = buckets[index];
  if (bucket === undefined) return "";
  const share = requests === 0 ? 0 : bucket.requests / requests;
  const title = `${bucketText(bucket)}: ${plural(bucket.requests, "request")} (${shareText(share)})`;
  if (bucket.mean_ms === null) return `<b>${title}</b>`;
  const values = splitOf(bucket.mean_ms);
  const rows = CATEGORIES.map((category) => {
    const value = values[category];
    const text = value === null ? "unknown" : duration(value);
    return tooltipRow(colors.category[category], CATEGORY_NAMES[category], text);
  });
  return tooltipTable(title, rows);
}
