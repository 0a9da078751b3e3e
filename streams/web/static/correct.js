// Corrections: a form on a block, those made so far, and what was learned from them.

import * as api from "./api.js";
import { DESCRIBED } from "./day.js";
import { byId, el, keepingFocus, put } from "./dom.js";
import { onPress, watchingPresses } from "./presses.js";
import { sentence } from "./status.js";
import { clock, clockSpan, dayName, duration, HOUR, timesOn } from "./time.js";

// How far from its block a time may be on another day than the block.
const BESIDE = 6 * HOUR;
// An end on the day after its start is rather mistyped if it is further away than this.
const LONGEST_NIGHT = 12 * HOUR;
const SECONDS = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/;

let context = null;

// Open the form on a block: `device`, `row`, `start`, `end`, `label` and `also` (what else all of it
// was, or nothing) of it, `names` by row, `runs`
// (row, from, to) → how many blocks a span has, and `saved`, which is called after a change.
export function open(block) {
  context = block;
  const form = byId("correct");
  form.hidden = false;
  fill(block.row, block);
  byId("correct-note").value = "";
  byId("correct-split").value = "";
  byId("correct-then").value = "";
  byId("correct-more").open = false;
  tell("");
  byId("correct-label").focus();
  form.scrollIntoView({ block: "nearest" });
}

function fill(row, { start, end, label, also = "" }) {
  context = { ...context, start, end, label, also };
  for (const radio of byId("correct").elements.row) radio.checked = radio.value === row;
  byId("correct-label").value = label ?? "";
  byId("correct-also").value = also;
  byId("correct-from").value = clock(start, true);
  byId("correct-to").value = clock(end, true);
  put(byId("correct-names"), ...context.names(row).map((name) => el("option", { value: name })));
}

export function close() {
  byId("correct").hidden = true;
  context = null;
}

export const isOpen = () => context !== null;

export function start() {
  const form = byId("correct");
  // The record's evidence comes after it, and would push the form out of sight.
  new ResizeObserver(() => {
    if (isOpen()) form.scrollIntoView({ block: "nearest" });
  }).observe(byId("record"));
  // A phone that is turned has the field that is being written in somewhere else.
  window.addEventListener("resize", () => {
    if (form.contains(document.activeElement)) document.activeElement.scrollIntoView({ block: "nearest" });
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save(false);
  });
  byId("correct-nothing").addEventListener("click", () => save(true));
  byId("correct-cancel").addEventListener("click", leave);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leave();
  });
  form.addEventListener("change", ({ target }) => {
    if (target.name === "row" && context) fill(target.value, context.block(target.value));
  });
}

function leave() {
  close();
  byId("rows").focus({ preventScroll: true });
}

// The occurrences of a time of the clock on each day around the block, or null for any other text.
function timesOf(text) {
  const [, hours, minutes, seconds = 0] = SECONDS.exec(text.trim()) ?? [];
  if (hours === undefined || hours > 23 || minutes > 59 || seconds > 59) return null;
  return [-1, 0, 1, 2].map((days) =>
    timesOn(context.start, days, Number(hours), Number(minutes), Number(seconds)));
}

// The first time after another that a text means, or undefined.
const firstAfter = (text, from) => timesOf(text)?.flat().find((at) => at > from);

// The start that a text means: of the block's own day, unless on a day beside it the time is within
// hours of the block and nearer. A time that was not changed is exactly the block's, since the
// clock shows some hours twice.
function startOf(text) {
  const { start, end } = context;
  if (text.trim() === clock(start, true)) return start;
  const days = timesOf(text);
  if (!days) return null;
  const away = (at) => Math.max(start - at, at - end, 0);
  const [before, same, after] = days.map((its) =>
    its.reduce((one, other) => (away(other) < away(one) ? other : one)));
  const best = (one, other) => (away(other) < Math.min(away(one), BESIDE) ? other : one);
  return best(best(same, before), after);
}

function timeAfter(text, from) {
  if (text.trim() === clock(context.end, true) && context.end > from) return context.end;
  return firstAfter(text, from) ?? null;
}

function change(nothing) {
  const [label, also, note] = ["label", "also", "note"]
    .map((name) => byId(`correct-${name}`).value.trim());
  const labels = [...new Set([label, also])].filter(Boolean);
  const row = byId("correct").elements.row.value;
  const from = startOf(byId("correct-from").value);
  const to = from && timeAfter(byId("correct-to").value, from);
  if (from === null || to === null) throw new Error("A time is written as 08:30 or 08:30:00.");
  if (to !== context.end && to - from > LONGEST_NIGHT && dayName(to) !== dayName(from)) {
    throw new Error(`From ${clock(from)} to ${clock(to)} of the next day is ${duration(to - from)}: `
      + "after midnight a span ends within 12 h of its start.");
  }
  const split = byId("correct-split").value.trim();
  const then = byId("correct-then").value.trim();
  if (nothing) return { action: "delete", row, note, parts: [{ from, to, labels: [] }] };
  if (split || then) {
    const at = firstAfter(split, from);
    if (!at || at >= to || !label || !then) {
      throw new Error("A split has a time within the span and a name for each part.");
    }
    return { action: "split", row, note, parts: [
      { from, to: at, labels }, { from: at, to, labels: [then] }] };
  }
  if (note && also === context.also && (!label || label === context.label)) {
    return { action: "note", row, note, parts: [{ from, to, labels: [] }] };
  }
  if (!labels.length) throw new Error("Choose a label, or write a note.");
  const blocks = context.runs(row, from, to);
  const action = blocks === 0 ? "add" : blocks === 1 ? "correct" : "merge";
  return { action, row, note, parts: [{ from, to, labels }] };
}

let saving = null;

async function save(nothing) {
  // By a second press before the answer, it would be saved twice.
  if (saving === context) return;
  const mine = saving = context;
  try {
    const done = await api.correct(mine.device, change(nothing));
    // It may be open on another block by now.
    if (context === mine) close();
    mine.saved(done);
  } catch (error) {
    byId(context === mine ? "correct-problem" : "saved").textContent = sentence(error.message);
  }
  if (saving === mine) saving = null;
}

function tell(text) {
  byId("correct-problem").textContent = text;
}

export const confirm = (device, { start, end, labels }) => api.correct(device, {
  action: "confirm", row: "scenario", note: "", parts: [{ from: start, to: end, labels }],
});

// Confirm an activity. If its name is that of a description, the log's own label differs, so a
// correction is sent instead.
export const confirmActivity = (device, { start, end, name, flags }) => api.correct(device, {
  action: flags & DESCRIBED ? "correct" : "confirm", row: "activity", note: "",
  parts: [{ from: start, to: end, labels: [name] }],
});

const LINES = 12;
const TOO_SOON = "That press did nothing: what was there had just changed. Press again if you mean this.";

// The corrections of the time in view, the newest first, each with a button to undo it.
export function drawCorrections(corrections, device, from, to, saved) {
  const inView = corrections.filter(({ start, end }) => end > from && start < to);
  byId("corrections").hidden = !inView.length;
  const byIds = new Map(corrections.map((each) => [each.id, each]));
  keepingFocus(byId("corrections-list"), (list) => watchingPresses(list, () => put(list, ...inView.slice(0, LINES).map((each) => {
    const text = words(each, byIds.get(each.undoes));
    const line = el("li", { class: each.standing ? null : "quiet" },
      el("span", { class: "number" }, `${dayName(each.start, { day: "numeric", month: "short" })} `
        + `${clockSpan(each.start, each.end)} `), el("span", {}, text));
    if (each.standing && each.action !== "undo") {
      const button = el("button", { type: "button", class: "act", "data-key": each.id,
        "aria-label": `Undo: ${text}` }, "Undo");
      onPress(button, each.id, async () => {
        button.disabled = true;
        try {
          saved(await api.undo(device, each.id), each);
        } catch (error) {
          button.disabled = false;
          // The list may be drawn anew at any moment. A wearer knows the correction by its words.
          byId("saved").textContent = sentence(error.message.replace(each.id, `“${text}”`));
        }
      }, missed);
      line.append(" ", button);
    }
    return line;
  }))));
}

// Say that a press did nothing, beside what was said of the one before it.
export function missed() {
  const said = byId("saved").textContent.split(` · ${TOO_SOON}`).at(0);
  byId("saved").textContent = [said !== TOO_SOON && said, TOO_SOON].filter(Boolean).join(" · ");
}

// `undone` is what an undo took back, where that is known.
export function words({ action, before, after, note, by }, undone = null) {
  const list = (names) => names.join(", ") || "nothing";
  const who = by === "wearer" ? "" : ` (${by})`;
  if (action === "note") return `Note: ${note}${who}`;
  const more = note ? ` · ${note}` : "";
  if (action === "confirm") return `${list(after)} confirmed${more}${who}`;
  if (action === "undo") {
    // A note and a confirmation change no name.
    return list(before) === list(after)
      ? `Taken back: ${undone ? words(undone) : list(after)}${who}`
      : `Taken back: ${list(after)} again${who}`;
  }
  return `${list(before)} → ${list(after)}${more}${who}`;
}

export function drawLearned(learned) {
  const { corrections, revisions: [newest] } = learned;
  const percent = (share) => `${Math.round(share * 100)} %`;
  byId("learned").textContent = !corrections ? "" : newest
    ? `Learned from: revision ${newest.revision}, ${newest.state}. Of ${newest.windows} corrected half`
      + ` minutes that it had not learned from it knew ${percent(newest.f1_before)} before and`
      + ` ${percent(newest.f1_after)} after (F1).`
    : "The shared network has not learned from it yet: the fine-tuner does as soon as it runs and has enough.";
}
