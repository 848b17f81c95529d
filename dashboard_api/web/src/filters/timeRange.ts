/** Time ranges as the API writes them: relative ("-1h", "now") or ISO 8601. */

export const PRESETS = [
  { from: "-15m", label: "Last 15 minutes" },
  { from: "-1h", label: "Last hour" },
  { from: "-6h", label: "Last 6 hours" },
  { from: "-24h", label: "Last 24 hours" },
  { from: "-7d", label: "Last 7 days" },
  { from: "-30d", label: "Last 30 days" },
] as const;

export function presetLabel(from: string, to: string): string | null {
  if (to !== "now") return null;
  return PRESETS.find((preset) => preset.from === from)?.label ?? null;
}

const MINUTES: Record<string, number> = { s: 1 / 60, m: 1, h: 60, d: 1440, w: 10_080 };

/** The instant that `text` means, seen from `now`; null where it is neither form. */
export function instantFrom(text: string, now: Date): Date | null {
  if (text === "now") return now;
  const relative = /^-(\d+)([smhdw])$/.exec(text);
  if (relative !== null) {
    const minutes = Number(relative[1]) * (MINUTES[relative[2] ?? ""] ?? 0);
    return new Date(now.getTime() - minutes * 60_000);
  }
  const instant = new Date(text);
  return Number.isNaN(instant.getTime()) ? null : instant;
}

/** What an `<input type="datetime-local">` holds for an instant: local time, to the minute. */
export function localInputValue(instant: Date): string {
  const local = new Date(instant.getTime() - instant.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hour12: false };

export function clockTime(instant: Date): string {
  return instant.toLocaleTimeString("en-GB", CLOCK);
}

export function dayAndTime(instant: Date): string {
  return instant.toLocaleString("en-GB", { day: "numeric", month: "short", ...CLOCK });
}

/** With seconds and milliseconds: single requests. */
export function preciseTime(instant: Date): string {
  return instant.toLocaleString("en-GB", {
    day: "numeric",
    month: "short",
    ...CLOCK,
    second: "2-digit",
    fractionalSecondDigits: 3,
  });
}

export function rangeText(from: string, to: string): string {
  const preset = presetLabel(from, to);
  if (preset !== null) return preset;
  const now = new Date();
  const [first, last] = [instantFrom(from, now), instantFrom(to, now)];
  if (first === null || last === null) return `${from} to ${to}`;
  return `${dayAndTime(first)} – ${to === "now" ? "now" : dayAndTime(last)}`;
}
