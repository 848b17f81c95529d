import { Button } from "@mantine/core";
import { useMemo } from "react";
import type { DurationHistogram, EndpointDetail } from "../api/types";
import { Chart } from "../charts/Chart";
import { ChartFigure } from "../charts/ChartFigure";
import { PlainTable } from "../charts/PlainTable";
import { useColors } from "../charts/useColors";
import { useSetParameters } from "../filters/useFilters";
import { Count, Duration, Share } from "../numbers/Quantity";
import { useDurationBounds } from "../requests/queries";
import { CATEGORIES, CATEGORY_NAMES } from "../split/categories";
import { splitOf } from "../split/splitValues";
import { bucketText, histogramOption } from "./histogramOption";

interface HistogramFigureProps {
  histogram: DurationHistogram;
  endpoint: EndpointDetail;
}

/** The distribution. Choosing a part of it narrows the single requests below to that part. */
export function HistogramFigure({ histogram, endpoint }: HistogramFigureProps) {
  const colors = useColors();
  const setParameters = useSetParameters();
  const bounds = useDurationBounds();
  const chosen = useMemo(() => chosenBuckets(histogram, bounds), [histogram, bounds]);
  const option = useMemo(
    () => histogramOption(histogram, endpoint, { colors, chosen }),
    [histogram, endpoint, colors, chosen],
  );

  function choose(first: number, last: number) {
    const [low, high] = [histogram.buckets[first], histogram.buckets[last]];
    if (low === undefined || high === undefined) return;
    setParameters({ min_ms: String(low.min_ms), max_ms: String(high.max_ms) });
  }

  return (
    <ChartFigure
      title="How long requests take"
      note="Each bar is divided as the time of its requests is. Click a bar, or drag over several, to see those requests below."
      controls={
        chosen !== null && (
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => setParameters({ min_ms: null, max_ms: null })}
          >
            Show all durations
          </Button>
        )
      }
      chart={
        <Chart
          option={option}
          height={230}
          label="How many requests took how long"
          onPick={(index) => choose(index, index)}
          onDrag={(from, to) => choose(from, to)}
        />
      }
      table={() => <HistogramTable histogram={histogram} />}
    />
  );
}

function HistogramTable({ histogram }: { histogram: DurationHistogram }) {
  const rows = histogram.buckets
    .filter((bucket) => bucket.requests > 0)
    .map((bucket) => {
      const split = bucket.mean_ms === null ? null : splitOf(bucket.mean_ms);
      return {
        key: String(bucket.max_ms),
        cells: [
          bucketText(bucket),
          <Count key="requests" value={bucket.requests} />,
          <Share key="share" value={bucket.requests / histogram.requests} />,
          ...CATEGORIES.map((category) => <Duration key={category} value={split?.[category]} />),
        ],
      };
    });
  const names = CATEGORIES.map((category) => `${CATEGORY_NAMES[category]}, mean`);
  return (
    <PlainTable
      label="How long requests take"
      columns={["Duration", "Requests", "Share", ...names]}
      rows={rows}
    />
  );
}

function chosenBuckets(
  { buckets }: DurationHistogram,
  { min_ms: min, max_ms: max }: { min_ms?: number; max_ms?: number },
): [number, number] | null {
  if (min === undefined || max === undefined) return null;
  const first = buckets.findIndex((bucket) => bucket.min_ms >= min);
  const last = buckets.findLastIndex((bucket) => bucket.max_ms <= max);
  return first === -1 || last < first ? null : [first, last];
}
