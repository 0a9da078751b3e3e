// The address holds the view, so that it can be kept, shared and gone back to.

import { MINUTE } from "./time.js";

export const SHORTEST = 2 * MINUTE;
const LONGEST = 86_400_000;

// Return what the address asks for: `device` (null for whichever there is), `span` ("day" or
// milliseconds) and `end` (milliseconds; null for the newest record).
export function read() {
  const query = new URLSearchParams(location.search);
  // Earlier versions wrote the view behind a hash.
  const former = new URLSearchParams(location.hash.slice(1));
  const part = (name) => query.get(name) ?? former.get(name);
  const [span, end] = [Number(part("span")), Number(part("end"))];
  return {
    device: part("device") || null,
    span: Number.isFinite(span) && span >= SHORTEST && span <= LONGEST ? span : "day",
    end: Number.isFinite(end) && end > 0 ? end : null,
  };
}

// Write the view into the address, as a step that Back undoes or in place of the last one.
export function write({ device, span, end }, { step }) {
  const query = new URLSearchParams();
  if (device !== null) query.set("device", device);
  if (span !== "day") query.set("span", span);
  if (end !== null) query.set("end", end);
  const address = `${location.pathname}${query.size ? `?${query}` : ""}`;
  if (address === `${location.pathname}${location.search}${location.hash}`) return;
  if (step) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}
