// What the page shows: its state, and the span of time that it makes visible.

import { Day } from "./day.js";
import { firstOfMonth, midnight, MINUTE } from "./time.js";

const LEAST_DAY = 15 * MINUTE;
const LONG = ["week", "month"];

export const state = {
  devices: [],
  device: null,
  span: "day", // or milliseconds
  end: null, // milliseconds; null follows the newest record
  chosen: null, // the time under the pointer or chosen by key
  pinned: false,
  focus: null, // the scenario that the legend points at
  connected: null,
  trouble: null, // why the worker does not answer
  recording: null, // whether the device records, and the end of a pause
  heard: null, // when the last response arrived, by performance.now()
  zone: null, // an IANA name; null: the wearer's zone, or the viewer's
  day: new Day(),
  days: { revision: 0, first: null, last: null }, // of a week or a month
  loaded: null, // which calendar days `day` or `days` holds
};

export const isLong = () => LONG.includes(state.span);
export const shown = () => (isLong() ? state.days : state.day);

// ---- the visible span ----

export function view() {
  const { day, span } = state;
  const end = state.end ?? shown().last;
  if (isLong()) return longView(end);
  if (span !== "day") return { from: end - span, to: end };
  const [from, to] = [midnight(end - 1), midnight(end - 1, 1)];
  // A day is as long as its recorded part: three recorded hours fill the width.
  const inside = [...day.scenarios, ...day.activities].filter((r) => r.end > from && r.start < to);
  if (!inside.length) return { from, to };
  const first = Math.max(from, Math.min(...extent(inside, "start", Math.min)));
  const last = Math.min(to, Math.max(...extent(inside, "end", Math.max)));
  return last - first >= LEAST_DAY
    ? { from: first, to: last }
    : { from: first, to: Math.min(to, first + LEAST_DAY) };
}

// Spreading a whole day's records into Math.min would overflow the stack.
const extent = (records, field, pick) =>
  [records.reduce((best, record) => pick(best, record[field]), records[0][field])];

function longView(end) {
  return state.span === "week" ? { from: midnight(end - 1, -6), to: midnight(end - 1, 1) }
    : { from: firstOfMonth(end - 1), to: firstOfMonth(end - 1, 1) };
}

export function wanted() {
  const end = state.end ?? Math.ceil(deviceSummary().last_ns / 1e6);
  if (isLong()) return longView(end);
  const start = state.span === "day" ? end - 1 : end - state.span;
  return { from: midnight(start), to: midnight(end - 1, 1) };
}

export const deviceSummary = () => state.devices.find(({ device_id: id }) => id === state.device);
