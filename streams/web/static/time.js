// Event times in the viewer's own zone, and how long things take.

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

const STEPS = [
  10 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
];

const two = (n) => String(n).padStart(2, "0");

export function clock(ms, seconds = false) {
  const at = new Date(ms);
  const text = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return seconds ? `${text}:${two(at.getSeconds())}` : text;
}

export function dayName(ms) {
  return new Date(ms).toLocaleDateString("en-GB", {
    weekday: "long", day: "numeric", month: "long", year: "numeric",
  });
}

export function midnight(ms, days = 0) {
  const at = new Date(ms);
  // Through the calendar and not by adding hours: some days have 23 or 25.
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days).getTime();
}

export function duration(ms) {
  const seconds = Math.round(ms / SECOND);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest ? `${Math.floor(minutes / 60)} h ${rest} min` : `${Math.floor(minutes / 60)} h`;
}

// How long ago, as roughly as one says it.
export function ago(ms) {
  const days = Math.floor(ms / (24 * HOUR));
  if (days >= 2) return `${days} days`;
  return ms < HOUR ? duration(ms) : `${Math.floor(ms / HOUR)} h`;
}

// Round times for an axis with room for about `count` labels.
export function ticks(from, to, count) {
  const step = STEPS.find((each) => (to - from) / each <= count) ?? 24 * HOUR;
  const origin = midnight(from);
  const times = [];
  for (let at = origin + Math.ceil((from - origin) / step) * step; at <= to; at += step) {
    times.push(at);
  }
  return { step, at: times };
}

export function zoneName() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone ?? "local time";
}
