import { Skeleton, Stack } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Failure } from "./Failure";
import classes from "./states.module.css";

interface LoadedProps<Body> {
  query: UseQueryResult<Body>;
  /** Height of what stands there while nothing has been loaded. */
  height?: number;
  children: (body: Body) => ReactNode;
}

/** Shows figures once they are there; until then that they are coming, or why they are not. */
export function Loaded<Body>({ query, height = 160, children }: LoadedProps<Body>) {
  const retry = () => void query.refetch();
  if (query.data !== undefined) {
    return (
      <>
        {query.error !== null && <Failure error={query.error} onRetry={retry} isStale />}
        <div
          className={classes.figures}
          aria-busy={query.isPlaceholderData}
          data-stale={query.isPlaceholderData}
        >
          {children(query.data)}
        </div>
      </>
    );
  }
  if (query.error !== null) return <Failure error={query.error} onRetry={retry} />;
  return (
    <Stack aria-busy="true" aria-label="Loading" gap="xs">
      <Skeleton height={18} width="45%" />
      <Skeleton height={height} />
    </Stack>
  );
}
