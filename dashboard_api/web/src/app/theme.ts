import { createTheme } from "@mantine/core";

export const theme = createTheme({
  // What the reader's system has: the page loads no fonts.
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
  fontFamilyMonospace:
    "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace",
  primaryColor: "indigo",
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  defaultRadius: "sm",
  cursorType: "pointer",
});
