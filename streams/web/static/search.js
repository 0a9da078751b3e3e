// The wearer asks in a few words: "clapping near, Tuesday afternoon".

import * as api from "./api.js";
import { byId, el, put } from "./dom.js";
import { clock, dayName, zoneName } from "./time.js";

const SHOWN = 12;
// The middle of a hit's first half minute.
const INTO_MS = 15_000;

let asked = 0;

// `device` gives whose log is searched, `address` the link to a time and `open` shows it.
export function start(device, address, open) {
  byId("find").addEventListener("submit", (event) => {
    event.preventDefault();
    const words = byId("find-words").value.trim();
    clear();
    if (words) ask(device(), words, null, [], address, open);
  });
  // The cross that empties the field.
  byId("find-words").addEventListener("search", ({ target }) => target.value || clear());
}

// A question goes to the language model only where one is configured, and by a button of its own.
export async function offerQuestions(device, address, open) {
  let model = null;
  try {
    model = await api.languageModel();
  } catch {
    // Then there is no button.
  }
  const button = byId("ask");
  button.hidden = model === null;
  button.title = `Asks ${model}, which is sent what the log says`;
  button.addEventListener("click", () => {
    const words = byId("find-words").value.trim();
    clear();
    if (words) question(device(), words, address, open);
  });
}

async function question(device, words, address, open) {
  const mine = ++asked;
  byId("found-note").textContent = "Asking";
  let told;
  try {
    told = await api.ask(device, words, zoneName());
  } catch (error) {
    if (mine === asked) byId("found-note").textContent = error instanceof api.Refused
      ? error.message : "The worker does not answer.";
    return;
  }
  if (mine !== asked) return;
  byId("answer").hidden = told.answer === null;
  byId("answer").textContent = told.answer ?? "";
  byId("found-note").textContent = [
    told.answer === null ? "The log does not say." : `By ${told.model}, from`,
    told.left_out ? `The ${told.left_out} oldest blocks were not looked at.` : null,
  ].filter(Boolean).join(" ");
  put(byId("found"), ...told.records.map((hit) => line(hit, device, address, open)));
}

// Forget what was asked for, of another device for example.
export function clear() {
  asked += 1;
  byId("found-note").textContent = "";
  byId("answer").hidden = true;
  put(byId("found"));
  byId("found-more").hidden = true;
}

async function ask(device, words, from, before, address, open) {
  const mine = ++asked;
  byId("found-note").textContent = "Searching";
  let answer;
  try {
    answer = await api.search(device, words, zoneName(), from);
  } catch (error) {
    if (mine === asked) byId("found-note").textContent = error instanceof api.Refused
      ? `Not understood: ${error.message}` : "The worker does not answer.";
    return;
  }
  if (mine !== asked) return;
  const hits = [...before, ...answer.hits];
  const unknown = answer.unknown_words.length
    ? ` Nothing is known of: ${answer.unknown_words.join(", ")}.` : "";
  const times = hits.length === 1 ? "Once" : `${hits.length} times`;
  byId("found-note").textContent = `${hits.length ? times : "Not found"}${
    answer.next ? " so far" : ""}.${unknown}`;
  const newest = hits.slice(-SHOWN).reverse();
  put(byId("found"), ...newest.map((hit) => line(hit, device, address, open)));
  const more = byId("found-more");
  more.hidden = !answer.next;
  more.onclick = () => ask(device, words, answer.next, hits, address, open);
}

function line(hit, device, address, open) {
  const [start, end] = [hit.start_ns / 1e6, hit.end_ns / 1e6];
  const at = Math.round(start + INTO_MS);
  const when = `${dayName(start, { weekday: "short", day: "numeric", month: "short" })} `
    + `${clock(start)} – ${clock(end)}`;
  const beside = [...hit.activities, ...hit.sounds].slice(0, 4).join(", ");
  const link = el("a", { href: address(device, at) }, el("span", { class: "number" }, when),
    ` ${hit.scenario || "unknown"}`);
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    open(at);
  });
  return el("li", {}, link, beside && el("span", { class: "quiet" }, ` ${beside}`));
}
