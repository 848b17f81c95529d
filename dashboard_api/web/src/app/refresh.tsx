import { useLocalStorage } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import type { QueryKey } from "@tanstack/react-query";
import { createContext, use } from "react";
import type { ReactNode } from "react";
import { isLive, useFilters } from "../filters/useFilters";

const REFRESH_EVERY_MS = 10_000;

interface Refresh {
  paused: boolean;
  setPaused: (paused: boolean) => void;
}

const RefreshContext = createContext<Refresh>({ paused: false, setPaused: () => undefined });

/** Remembers, in this browser, whether figures refresh by themselves. */
export function RefreshProvider({ children }: { children: ReactNode }) {
  const [paused, setPaused] = useLocalStorage({
    key: "timesplit-refresh-paused",
    defaultValue: false,
    getInitialValueInEffect: false,
  });
  return <RefreshContext value={{ paused, setPaused }}>{children}</RefreshContext>;
}

export function useRefresh(): Refresh {
  return use(RefreshContext);
}

/** Keys name what is asked about, and last what it is narrowed to. */
function isAboutSame(before: QueryKey | undefined, key: QueryKey): boolean {
  return before !== undefined && key.slice(0, -1).every((part, index) => part === before[index]);
}

/**
 * Figures that are asked for again while the range ends now and refresh is not paused. The old ones
 * stay on the page, faded where the filters have changed, until the new ones are there.
 */
export function useFigures<Body>(
  key: QueryKey,
  ask: (signal: AbortSignal) => Promise<Body>,
  { enabled = true }: { enabled?: boolean } = {},
) {
  const { paused } = useRefresh();
  const live = isLive(useFilters());
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) => ask(signal),
    placeholderData: (before, query) => (isAboutSame(query?.queryKey, key) ? before : undefined),
    refetchInterval: live && !paused ? REFRESH_EVERY_MS : false,
    enabled,
  });
}
