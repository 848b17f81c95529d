import { Tooltip } from "@mantine/core";
import classes from "./Quantity.module.css";

/** What stands where a figure is not known: never a zero. */
export function Unknown({ reason }: { reason: string | undefined }) {
  if (reason === undefined) return <span className={classes.unknown}>–</span>;
  return (
    <Tooltip label={reason} multiline w={280} events={{ hover: true, focus: true, touch: true }}>
      <span className={classes.unknown} tabIndex={0} aria-label={`unknown: ${reason}`}>
        unknown
      </span>
    </Tooltip>
  );
}
