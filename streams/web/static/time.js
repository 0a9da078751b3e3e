// Formatting of event times in a time zone, and of durations.

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

const STEPS = [
  SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
];

const two = (n) => String(n).padStart(2, "0");

// Null means the viewer's zone.
let zone = null;
let parts = null;

// Show times in a zone by its IANA name; false where the browser does not know it.
export function useZone(name) {
  try {
    parts = name && new Intl.DateTimeFormat("en-GB", {
      timeZone: name, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
      hour: "numeric", minute: "numeric", second: "numeric",
    });
    zone = name || null;
    return true;
  } catch {
    return false;
  }
}

// Year, month (from 1), day, hours, minutes and seconds in the zone.
function calendar(ms) {
  if (!zone) {
    const at = new Date(ms);
    return [at.getFullYear(), at.getMonth() + 1, at.getDate(), at.getHours(), at.getMinutes(),
      at.getSeconds()];
  }
  const by = Object.fromEntries(parts.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  return [by.year, by.month, by.day, by.hour, by.minute, by.second];
}

export function clock(ms, seconds = false) {
  const [, , , hours, minutes, rest] = calendar(ms);
  const text = `${two(hours)}:${two(minutes)}`;
  return seconds ? `${text}:${two(rest)}` : text;
}

// Milliseconds since midnight as the clock shows them.
export function clockTime(ms) {
  const [, , , hours, minutes, seconds] = calendar(ms);
  return hours * HOUR + minutes * MINUTE + seconds * SECOND + (ms % SECOND);
}

// Where from one time to another the clock shows other than the time that passes, to the second;
// null where it does not.
export function clockChange(from, to) {
  const begin = clockTime(from);
  const changed = (at) => clockTime(at) - begin !== at - from;
  let [before, after] = [from, to - SECOND];
  if (!changed(after)) return null;
  while (after - before > SECOND) {
    const middle = before + Math.floor((after - before) / (2 * SECOND)) * SECOND;
    if (changed(middle)) after = middle;
    else before = middle;
  }
  return after;
}

// "08:14 – 08:22", with seconds where an end is not on the minute: of half a minute both ends may
// have the same hours and minutes.
export function clockSpan(start, end) {
  const seconds = Boolean(start % MINUTE || end % MINUTE);
  return `${clock(start, seconds)} – ${clock(end, seconds)}`;
}

export function dayName(ms, options = {
  weekday: "long", day: "numeric", month: "long", year: "numeric",
}) {
  return new Date(ms).toLocaleDateString("en-GB", { ...options, timeZone: zone ?? undefined });
}

// A text of the worker, whose times are in UTC, with those of the wearer's clock.
export const byTheClock = (text) => text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (iso) => {
  const ms = Date.parse(iso);
  return `${dayName(ms, { day: "numeric", month: "short" })} ${clock(ms, ms % MINUTE >= SECOND)}`;
});

export function midnight(ms, days = 0) {
  const [year, month, day] = calendar(ms);
  return civil(year, month, day + days);
}

export function firstOfMonth(ms, months = 0) {
  const [year, month] = calendar(ms);
  return civil(year, month + months, 1);
}

// A time of the clock, so many days after a day: twice where the clock is put back over it.
export function timesOn(ms, days, ...time) {
  const [year, month, day] = calendar(ms);
  const at = civil(year, month, day + days, ...time);
  const shown = String(calendar(at));
  // Some zones change by half an hour.
  return [-HOUR, -HOUR / 2, 0, HOUR / 2, HOUR].map((change) => at + change)
    .filter((each) => String(calendar(each)) === shown);
}

// By the calendar and the clock, not by adding hours: some days have 23 or 25.
function civil(year, month, day, ...time) {
  if (!zone) return new Date(year, month - 1, day, ...time).getTime();
  const wanted = Date.UTC(year, month - 1, day, ...time);
  const offset = (at) => {
    const [y, m, d, hours, minutes, seconds] = calendar(at);
    return Date.UTC(y, m - 1, d, hours, minutes, seconds) - at;
  };
  return wanted - offset(wanted - offset(wanted));
}

export function duration(ms) {
  const seconds = Math.round(ms / SECOND);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest ? `${Math.floor(minutes / 60)} h ${rest} min` : `${Math.floor(minutes / 60)} h`;
}

// How long ago, rounded as in conversation.
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

let own = null;

// Cached, because resolving it takes tens of milliseconds.
export const browserZone = () => {
  own ??= Intl.DateTimeFormat().resolvedOptions().timeZone ?? "local time";
  return own;
};

export const zoneName = () => zone ?? browserZone();
