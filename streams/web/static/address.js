// The view in the page's address, so that it can be bookmarked, shared and returned to.

import { SECOND } from "./time.js";

export const SHORTEST = SECOND;
export const LONGEST = 86_400_000;

const NAMED = ["week", "month"];
// Times before and after them are taken for none: no log has them, and the worker refuses them.
const [FIRST, LAST] = [Date.UTC(2001, 0), Date.UTC(2100, 0)];

// Return the requested view: `device` (null for the first one), `span` ("day", "week",
// "month" or milliseconds), `end` (milliseconds; null for the newest record), `at` (the chosen time)
// and `zone` (null for the wearer's or the viewer's).
export function read() {
  const query = new URLSearchParams(location.search);
  // Earlier versions wrote the view behind a hash.
  const former = new URLSearchParams(location.hash.slice(1));
  const part = (name) => query.get(name) ?? former.get(name);
  const [span, end, at] = ["span", "end", "at"].map((name) => Number(part(name)));
  const time = (number) => (number > FIRST && number < LAST ? number : null);
  return {
    device: part("device") || null,
    zone: part("zone") || null,
    chosen: time(at),
    pinned: time(at) !== null,
    span: NAMED.includes(part("span")) ? part("span") : Number.isFinite(span) && span >= SHORTEST && span <= LONGEST ? span : "day",
    end: time(end),
  };
}

// Write the view to the address, as a new entry of the history or in place of the last one.
export function write({ device, span, end, zone, chosen, pinned }, { step }) {
  const query = new URLSearchParams();
  if (device !== null) query.set("device", device);
  if (span !== "day") query.set("span", span);
  if (end !== null) query.set("end", end);
  if (pinned && chosen !== null) query.set("at", Math.round(chosen));
  if (zone) query.set("zone", zone);
  const address = `${location.pathname}${query.size ? `?${query}` : ""}`;
  if (address === `${location.pathname}${location.search}${location.hash}`) return;
  if (step) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}
