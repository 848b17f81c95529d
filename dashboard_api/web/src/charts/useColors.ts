import { useComputedColorScheme } from "@mantine/core";
import { COLORS } from "../app/colors";
import type { Colors } from "../app/colors";

/** The colours in force: charts are drawn, so CSS variables do not reach them. */
export function useColors(): Colors {
  return COLORS[useComputedColorScheme("light", { getInitialValueInEffect: false })];
}
