import { Button, Divider, Popover, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { instantFrom, localInputValue, PRESETS, rangeText } from "./timeRange";
import { useFilters, useSetParameters } from "./useFilters";

/** Chooses a preset or an exact range; writes it into the URL. */
export function TimeRangePicker() {
  const { from, to } = useFilters();
  const setParameters = useSetParameters();
  const [opened, setOpened] = useState(false);

  function choose(range: { from: string; to: string }) {
    setParameters(range);
    setOpened(false);
  }

  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" trapFocus>
      <Popover.Target>
        <Button
          variant="default"
          size="xs"
          aria-label={`Time range: ${rangeText(from, to)}`}
          aria-expanded={opened}
          onClick={() => setOpened(!opened)}
        >
          {rangeText(from, to)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap={4}>
          {PRESETS.map((preset) => (
            <Button
              key={preset.from}
              size="compact-sm"
              justify="flex-start"
              variant={to === "now" && from === preset.from ? "light" : "subtle"}
              onClick={() => choose({ from: preset.from, to: "now" })}
            >
              {preset.label}
            </Button>
          ))}
          <Divider my={4} />
          <ExactRange key={`${from} ${to}`} from={from} to={to} onChoose={choose} />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

interface ExactRangeProps {
  from: string;
  to: string;
  onChoose: (range: { from: string; to: string }) => void;
}

function ExactRange({ from, to, onChoose }: ExactRangeProps) {
  const now = new Date();
  const [first, setFirst] = useState(localInputValue(instantFrom(from, now) ?? now));
  const [last, setLast] = useState(localInputValue(instantFrom(to, now) ?? now));
  const isOrdered = first !== "" && last !== "" && first < last;

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onChoose({ from: new Date(first).toISOString(), to: new Date(last).toISOString() });
      }}
    >
      <Stack gap={6}>
        <TextInput
          type="datetime-local"
          size="xs"
          label="From (your local time)"
          value={first}
          onChange={(event) => setFirst(event.currentTarget.value)}
        />
        <TextInput
          type="datetime-local"
          size="xs"
          label="To"
          value={last}
          error={isOrdered ? null : "The end has to be after the start"}
          onChange={(event) => setLast(event.currentTarget.value)}
        />
        <Button type="submit" size="xs" disabled={!isOrdered}>
          Show this range
        </Button>
      </Stack>
    </form>
  );
}
