import type { SortingState } from "@tanstack/react-table";
import { useSearchParams } from "react-router";
import { useSetParameters } from "../filters/useFilters";

/** A table's order in the URL: `sort=-p95` is by p95, largest first. */
export function useTableOrder(parameter: string, byDefault: string) {
  const [parameters] = useSearchParams();
  const setParameters = useSetParameters();
  const text = parameters.get(parameter) ?? byDefault;
  const sorting = sortingFrom(text);

  function setSorting(change: SortingState | ((before: SortingState) => SortingState)) {
    const after = typeof change === "function" ? change(sorting) : change;
    const written = textFrom(after);
    setParameters({ [parameter]: written === byDefault ? null : written }, { replace: true });
  }

  return { sorting, setSorting };
}

function sortingFrom(text: string): SortingState {
  const desc = text.startsWith("-");
  return [{ id: desc ? text.slice(1) : text, desc }];
}

function textFrom(sorting: SortingState): string {
  const first = sorting[0];
  if (first === undefined) return "";
  return first.desc ? `-${first.id}` : first.id;
}
