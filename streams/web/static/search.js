// Search in a few words: "clapping near, yesterday afternoon".

import * as api from "./api.js";
import { byId, el, keepingFocus, put } from "./dom.js";
import { clockSpan, dayName, zoneName } from "./time.js";

const SHOWN = 12;
// The middle of a hit's first half minute.
const INTO_MS = 15_000;
// A search over months is answered in parts, the oldest first, each after seconds. This many are
// requested automatically, further ones by a button.
const PARTS = 12;

let asked = 0;
// Shows what is there by the clock of another zone.
let again = null;

const words = () => byId("find-words").value.trim();

// Show the hits for the field's words in `device`'s log; `address` returns the link to a time, and
// `open` shows that time.
export function find(device, address, open) {
  clear();
  const text = words();
  if (!text) return;
  // "Yesterday" and "at 8" are other times there.
  again = () => look(device, text, null, [], address, open);
  again();
}

// Ask the language model instead.
export function question(device, address, open) {
  clear();
  if (words()) askModel(device, words(), address, open);
}

async function askModel(device, text, address, open) {
  const mine = ++asked;
  const zone = zoneName();
  byId("found-note").textContent = "Asking";
  let answer;
  try {
    answer = await api.ask(device, text, zone);
  } catch (error) {
    if (mine === asked) byId("found-note").textContent = error instanceof api.Refused
      ? error.message : "The worker does not answer.";
    return;
  }
  if (mine !== asked) return;
  byId("answer").textContent = answer.answer ?? "";
  const note = [
    answer.answer === null ? "The log has no answer." : `By ${answer.model}, from:`,
    answer.left_out ? `The ${answer.left_out} oldest blocks were not used.` : null,
  ].filter(Boolean).join(" ");
  const list = () => put(byId("found"), ...answer.records.map((hit) => line(hit, device, address, open)));
  // Asked again it would cost as much and say something else, so what it says of times stays.
  again = () => {
    list();
    byId("found-note").textContent = zone === zoneName() || answer.answer === null ? note
      : `The answer's times are those of ${zone}. ${note}`;
  };
  again();
}

// Call it when the zone has changed.
export const byNewClock = () => again?.();

// Clear the results, for example when the device changes.
export function clear() {
  asked += 1;
  again = null;
  byId("found-note").textContent = "";
  byId("answer").textContent = "";
  put(byId("found"));
  byId("found-more").hidden = true;
}

async function look(device, text, from, before, address, open, parts = PARTS) {
  const mine = ++asked;
  if (!before.length) byId("found-note").textContent = "Searching";
  let answer;
  try {
    answer = await api.search(device, text, zoneName(), from);
  } catch (error) {
    if (mine !== asked) return;
    byId("found-note").textContent = error instanceof api.Refused
      ? `Not understood: ${error.message.replace(/^parameter words has value /, "")}`
      : "The worker does not answer.";
    if (!before.length) put(byId("found"));
    return;
  }
  if (mine !== asked) return;
  const hits = continued(before, answer.hits);
  const unknown = answer.unknown_words.length
    ? ` Nothing is known of: ${answer.unknown_words.join(", ")}. Notes are searched for what is in quotes.` : "";
  const all = hits.length > SHOWN ? `, the newest ${SHOWN} shown` : "";
  const times = hits.length === 1 ? "Once" : `${hits.length} times`;
  const when = answer.when ? ` Searched: ${answer.when}.` : "";
  // A log of old recordings has no yesterday.
  const held = answer.when && !hits.length && !answer.next ? ` The log spans: ${answer.log_days}.` : "";
  byId("found-note").textContent = `${hits.length ? times : "Not found"}${
    answer.next ? " so far" : ""}${all}.${when}${held}${unknown}`;
  const newest = hits.slice(-SHOWN).reverse();
  keepingFocus(byId("found"), (list) => put(list,
    ...newest.map((hit) => line(hit, device, address, open))));
  const goOn = (left) => look(device, text, answer.next, hits, address, open, left);
  const more = byId("found-more");
  more.hidden = !answer.next || parts > 1;
  more.onclick = () => goOn(PARTS);
  if (answer.next && parts > 1) goOn(parts - 1);
}

// Join the hits of two responses, merging a hit that was cut between them.
function continued(before, [first, ...rest]) {
  const last = before.at(-1);
  if (last && first?.start_ns === last.end_ns && first.scenario === last.scenario) {
    const [activities, sounds, named] = ["activities", "sounds", "named"].map(
      (name) => [...new Set([...last[name], ...first[name]])]);
    return [...before.slice(0, -1), { ...last, end_ns: first.end_ns, activities, sounds, named }, ...rest];
  }
  return first ? [...before, first, ...rest] : before;
}

function line(hit, device, address, open) {
  const [start, end] = [hit.start_ns / 1e6, hit.end_ns / 1e6];
  const at = Math.round(start + INTO_MS);
  const when = `${dayName(start, { weekday: "short", day: "numeric", month: "short" })} `
    + clockSpan(start, end);
  // What was searched for comes first.
  const beside = [...new Set([...hit.named, ...hit.activities, ...hit.sounds])].slice(0, 4).join(", ");
  const link = el("a", { href: address(device, at), "data-key": at }, el("span", { class: "number" }, when),
    ` ${hit.scenario || "unknown"}`);
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    open(at);
  });
  return el("li", {}, link, beside && el("span", { class: "quiet" }, ` ${beside}`));
}
