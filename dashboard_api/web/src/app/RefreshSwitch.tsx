import { Button, Tooltip } from "@mantine/core";
import { useIsFetching, useQueryClient } from "@tanstack/react-query";
import { isLive, useFilters } from "../filters/useFilters";
import classes from "./Frame.module.css";
import { useRefresh } from "./refresh";

/** Shows whether figures refresh by themselves, and pauses that. */
export function RefreshSwitch() {
  const { paused, setPaused } = useRefresh();
  const isFetching = useIsFetching() > 0;
  const queryClient = useQueryClient();
  const live = isLive(useFilters());

  function toggle() {
    if (paused) void queryClient.invalidateQueries();
    setPaused(!paused);
  }

  if (!live) {
    return (
      <Tooltip label="The range ends in the past, so its figures do not change" multiline w={220}>
        <span className={classes.fixed} tabIndex={0}>
          Fixed range
        </span>
      </Tooltip>
    );
  }
  return (
    <Button
      variant="default"
      size="xs"
      onClick={toggle}
      aria-pressed={!paused}
      aria-label={paused ? "Paused: refresh again by itself" : "Live: pause refreshing"}
      leftSection={
        <span className={classes.pulse} data-on={!paused} data-busy={isFetching} aria-hidden />
      }
    >
      {paused ? "Paused" : "Live"}
    </Button>
  );
}
