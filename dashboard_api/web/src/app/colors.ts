import type { CSSVariablesResolver } from "@mantine/core";
import type { Category } from "../split/categories";

export interface Colors {
  category: Record<Category, string>;
  text: string;
  dimmed: string;
  line: string;
  surface: string;
  sunken: string;
  body: string;
  failed: string;
}

/**
 * The five categories stay apart under protanopia, deuteranopia and tritanopia, and each has a
 * contrast of at least 3:1 against the surface. Charts are drawn from these, all else through the
 * CSS variables made of them.
 */
export const COLORS: Record<"light" | "dark", Colors> = {
  light: {
    category: {
      database: "#3f83ea",
      python: "#c08a00",
      render: "#7a1c8f",
      cache: "#1f7a70",
      external: "#9b1c12",
    },
    text: "#1c2026",
    dimmed: "#5b6270",
    line: "#dfe2e8",
    surface: "#ffffff",
    sunken: "#f4f5f8",
    body: "#fafafc",
    failed: "#d6336c",
  },
  dark: {
    category: {
      database: "#4484c8",
      python: "#dc9a14",
      render: "#f0a8f6",
      cache: "#52b49c",
      external: "#d8433c",
    },
    text: "#e6e8ec",
    dimmed: "#a0a7b4",
    line: "#363a43",
    surface: "#1d2026",
    sunken: "#15171c",
    body: "#17191e",
    failed: "#ff8fab",
  },
};

function variablesFrom(colors: Colors): Record<string, string> {
  return {
    "--category-database": colors.category.database,
    "--category-python": colors.category.python,
    "--category-render": colors.category.render,
    "--category-cache": colors.category.cache,
    "--category-external": colors.category.external,
    "--line": colors.line,
    "--surface": colors.surface,
    "--surface-sunken": colors.sunken,
    "--failed": colors.failed,
    "--mantine-color-body": colors.body,
    "--mantine-color-text": colors.text,
    "--mantine-color-dimmed": colors.dimmed,
  };
}

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: variablesFrom(COLORS.light),
  dark: variablesFrom(COLORS.dark),
});
