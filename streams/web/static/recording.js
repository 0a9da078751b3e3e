// Whether a device records, in words.

import { clock, dayName, MINUTE } from "./time.js";

const DAY = 86_400_000;
const HALF_YEAR = 183 * DAY;
// A device whose last record is older than this is silent.
export const LIVE = 2 * MINUTE;

// Why recording is off now, and until when; empty if it is on.
export function notRecording(recording) {
  if (!recording || recording.state === "active") return "";
  const { state, until } = recording;
  if (state === "erased") return "Erased";
  const word = state === "quiet" ? "Quiet hours" : "Paused";
  if (until === null) return word;
  return `${word} until ${moment(until)}`;
}

// Whether records come from a device that may record, and since when none do.
export function signOfLife(silentS) {
  if (silentS === null) return "Never seen";
  const silent = silentS * 1000;
  return silent < LIVE ? "Live" : `Silent since ${moment(Date.now() - silent)}`;
}

// A time of the clock, with its day where that is not within a day of now.
function moment(ms) {
  const away = Math.abs(ms - Date.now());
  if (away < DAY) return clock(ms);
  const year = away < HALF_YEAR ? {} : { year: "numeric" };
  return `${dayName(ms, { day: "numeric", month: "short", ...year })}, ${clock(ms)}`;
}
