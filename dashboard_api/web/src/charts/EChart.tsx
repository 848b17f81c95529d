import { BarChart, LineChart } from "echarts/charts";
import type { BarSeriesOption, LineSeriesOption } from "echarts/charts";
import {
  AriaComponent,
  BrushComponent,
  GridComponent,
  MarkLineComponent,
  TooltipComponent,
} from "echarts/components";
import type {
  BrushComponentOption,
  GridComponentOption,
  TooltipComponentOption,
} from "echarts/components";
import { init, use as useParts } from "echarts/core";
import type { ComposeOption, EChartsType } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";

useParts([
  AriaComponent,
  BarChart,
  BrushComponent,
  GridComponent,
  LineChart,
  MarkLineComponent,
  SVGRenderer,
  TooltipComponent,
]);

export type ChartOption = ComposeOption<
  | BarSeriesOption
  | BrushComponentOption
  | GridComponentOption
  | LineSeriesOption
  | TooltipComponentOption
>;

export interface ChartProps {
  option: ChartOption;
  height: number;
  /** What the chart shows, for those who cannot see it. */
  label: string;
  /** Called with the index along the x axis of what was clicked. */
  onPick?: ((index: number) => void) | undefined;
  /** Called with the first and last index along the x axis that the pointer was dragged over. */
  onDrag?: ((from: number, to: number) => void) | undefined;
}

/** One ECharts instance, as wide as its place. */
export default function EChart({ option, height, label, onPick, onDrag }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType>(null);
  const handlers = useRef({ onPick, onDrag });

  useEffect(() => {
    handlers.current = { onPick, onDrag };
  }, [onPick, onDrag]);

  useEffect(() => {
    if (place.current === null) return undefined;
    const instance = init(place.current, null, { renderer: "svg" });
    chart.current = instance;
    listen(instance, handlers);
    const observer = new ResizeObserver(() => instance.resize());
    observer.observe(place.current);
    return () => {
      observer.disconnect();
      instance.dispose();
    };
  }, []);

  useEffect(() => {
    const instance = chart.current;
    if (instance === null) return;
    instance.setOption({ animation: false, ...option }, { notMerge: true });
    if (option.brush !== undefined) armBrush(instance);
  }, [option]);

  return <div ref={place} role="img" aria-label={label} style={{ height, width: "100%" }} />;
}

/** A shorter drag is a click. */
const LEAST_DRAG_PX = 6;

interface DraggedArea {
  range: [number, number]; // pixels
  coordRange: [number, number];
}

interface Handlers {
  current: Pick<ChartProps, "onPick" | "onDrag">;
}

function listen(instance: EChartsType, handlers: Handlers) {
  instance.getZr().on("click", ({ offsetX, offsetY }: { offsetX: number; offsetY: number }) => {
    if (!instance.containPixel({ gridIndex: 0 }, [offsetX, offsetY])) return;
    const at = instance.convertFromPixel({ gridIndex: 0 }, [offsetX, offsetY])[0];
    if (at !== undefined) handlers.current.onPick?.(Math.round(at));
  });
  instance.on("brushEnd", (event) => {
    const area = (event as { areas?: DraggedArea[] }).areas?.[0];
    if (area === undefined || area.range[1] - area.range[0] < LEAST_DRAG_PX) return;
    handlers.current.onDrag?.(...area.coordRange);
  });
}

/** Lets a drag over the plot choose a range at once, without a tool to be picked first. */
function armBrush(instance: EChartsType) {
  instance.dispatchAction({
    type: "takeGlobalCursor",
    key: "brush",
    brushOption: { brushType: "lineX", brushMode: "single" },
  });
}
