// Whether a device records, in words.

import { clock, dayName } from "./time.js";

const DAY = 86_400_000;

// Why recording is off now, and until when; empty if it is on.
export function notRecording(recording) {
  if (!recording || recording.state === "active") return "";
  const { state, until } = recording;
  if (state === "erased") return "Erased";
  const word = state === "quiet" ? "Quiet hours" : "Paused";
  if (until === null) return word;
  const day = until - Date.now() < DAY ? "" : `${dayName(until, { day: "numeric", month: "short" })}, `;
  return `${word} until ${day}${clock(until)}`;
}
