import {
  columnFilteringFeature,
  createExpandedRowModel,
  createFilteredRowModel,
  createSortedRowModel,
  filterFn_includesString,
  globalFilteringFeature,
  metaHelper,
  rowExpandingFeature,
  rowSortingFeature,
  sortFn_basic,
  sortFn_text,
  tableFeatures,
} from "@tanstack/react-table";

interface ColumnMeta {
  /** What the column is called where there is no header row, and in the choice of the order. */
  label: string;
  /** Figures stand to the right, under one another. */
  isFigure?: boolean;
  /** What the figure means. */
  help?: string;
  width?: string;
  /** Spans the whole card on narrow screens. */
  isWide?: boolean;
}

/** What our tables can do: order, filter, open a row. */
export const features = tableFeatures({
  columnFilteringFeature,
  globalFilteringFeature,
  rowSortingFeature,
  rowExpandingFeature,
  filteredRowModel: createFilteredRowModel(),
  sortedRowModel: createSortedRowModel(),
  expandedRowModel: createExpandedRowModel(),
  filterFns: { includesString: filterFn_includesString },
  sortFns: { basic: sortFn_basic, text: sortFn_text },
  columnMeta: metaHelper<ColumnMeta>(),
});

export type Features = typeof features;
