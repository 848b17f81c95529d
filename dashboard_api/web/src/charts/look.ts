import type { Colors } from "../app/colors";
import { theme } from "../app/theme";

/** The font of whatever a chart writes. A drawn text cannot inherit it. */
export const CHART_TEXT = { fontFamily: theme.fontFamily ?? "sans-serif" };

export const axisText = (colors: Colors) => ({ color: colors.dimmed, fontSize: 11 });

/** A tooltip in the page's colours that stays inside its chart. */
export function tooltipLook(colors: Colors, text: (index: number) => string) {
  return {
    trigger: "axis" as const,
    confine: true,
    axisPointer: { type: "shadow" as const },
    backgroundColor: colors.surface,
    borderColor: colors.line,
    textStyle: { ...CHART_TEXT, color: colors.text, fontSize: 12 },
    formatter: (shown: unknown) => {
      const first = (Array.isArray(shown) ? shown[0] : shown) as { dataIndex?: number } | undefined;
      return text(first?.dataIndex ?? 0);
    },
  };
}

/** How a range is marked while the pointer is dragged over it. */
export function brushLook(colors: Colors) {
  return {
    xAxisIndex: 0,
    brushStyle: { color: `${colors.dimmed}33`, borderColor: colors.dimmed },
  };
}

/** One line of a tooltip. Texts are our own, never a user's. */
export function tooltipRow(color: string, name: string, value: string): string {
  const swatch = `<span style="display:inline-block;width:9px;height:9px;border-radius:2px;background:${color}"></span>`;
  return `<tr><td>${swatch} ${name}</td><td style="padding-left:16px;text-align:right">${value}</td></tr>`;
}

export function tooltipTable(title: string, rows: string[]): string {
  return `<b>${title}</b><table style="font-size:12px">${rows.join("")}</table>`;
}
