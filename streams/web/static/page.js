// The page: what it asks for, draws and answers to.

import * as address from "./address.js";
import * as api from "./api.js";
import { drawBars, drawLanes } from "./activity_chart.js";
import { blockAt, confirmable } from "./blocks.js";
import * as correct from "./correct.js";
import { Day, GAP, indexAt, known, network, recordAt, refiners, runs, totals } from "./day.js";
import { byId, el, fontScale, textWidth } from "./dom.js";
import { evidenceAt, forgetEvidence } from "./evidence.js";
import { pastWords, presentWords } from "./headline.js";
import { steerByKey } from "./keyboard.js";
import { drawFocus, drawLegend } from "./legend.js";
import { PALETTE, UNKNOWN } from "./palette.js";
import { steerByPointer, uncoverForGood } from "./pointer.js";
import { drawRecord, refinerName } from "./record.js";
import { drawScenarios } from "./scenario_chart.js";
import { stepped, zoomed } from "./spans.js";
import { drawStatus, sentence, watchNow } from "./status.js";
import { clock, dayName, midnight, MINUTE, useZone, zoneName } from "./time.js";
import { deviceSummary, isLong, shown, state, view, wanted } from "./view.js";
import * as zones from "./zone.js";

const POLL_MS = 2000;
const DEVICES_EVERY = 5;
const PHONE = 640;
const LEARNED_EVERY = 15;
const REST_MS = 200;

// Modules that are not needed to draw a day.
let [search, weeks] = [null, null];

// ---- updates ----

let polls = 0;

// The days that the view needs, of which device and in which detail.
function daysKey() {
  const { from, to } = wanted();
  return `${state.device}/${from}/${to}/${isLong()}`;
}

async function refresh() {
  if (!deviceSummary() || polls % DEVICES_EVERY === 0) await refreshDevices();
  polls += 1;
  if (!deviceSummary()) {
    state.loaded = null;
    return;
  }
  const { from, to } = wanted();
  const [device, long] = [state.device, isLong()];
  const key = daysKey();
  const since = state.loaded === key ? shown().revision : 0;
  if (long) weeks ??= await import("./days.js");
  const answer = await api.hours(device, from, to, since, long ? "brief" : "full");
  if (state.device !== device || isLong() !== long) return;
  state.heard = answer.silent_s === null ? null : performance.now() - answer.silent_s * 1000;
  state.recording = answer.recording;
  if (state.loaded !== key) {
    if (long) state.days = new weeks.Days();
    else state.day = new Day();
    state.loaded = key;
  }
  // A month that was never requested before is computed in several requests.
  if (!answer.complete) again = true;
  byId("day").dataset.complete = answer.complete;
  const summary = deviceSummary();
  if (summary) Object.assign(summary, { first_ns: answer.first_ns, last_ns: answer.last_ns });
  if (shown().merge(answer) || since === 0) {
    forgetEvidence();
    // The days of an earlier moment may be loaded already.
    if (!broughtIntoView() || daysKey() === key) draw();
  }
  // Not awaited: nothing that is drawn depends on it.
  if (polls % LEARNED_EVERY === 1) refreshLearned().catch(() => {});
}

let linked = false;

// If the address names a time of an earlier day, that day is shown.
function broughtIntoView() {
  if (!linked) return false;
  linked = false;
  if (state.end !== null || isLong() || state.chosen >= view().from) return false;
  state.end = state.span === "day" ? midnight(state.chosen, 1) : state.chosen + state.span / 2;
  address.write(state, { step: false });
  again = true;
  return true;
}

async function refreshLearned() {
  const device = state.device;
  const learned = await api.learned(device);
  if (state.device === device) correct.drawLearned(learned);
}

async function refreshDevices() {
  state.devices = await api.devices();
  if (state.device === null && state.devices.length) {
    state.device = state.devices[0].device_id;
    if (state.zone === null) takeZone(zones.chosenFor(state.device));
  }
  address.write(state, { step: false });
}

let timer = null;
let running = false;
let again = false;

async function poll() {
  clearTimeout(timer);
  again = running;
  if (running) return;
  running = true;
  try {
    await refresh();
    Object.assign(state, { connected: true, trouble: null });
  } catch (error) {
    if (error instanceof api.Refused && error.status === 404) {
      state.devices = state.devices.filter(({ device_id: id }) => id !== state.device);
      Object.assign(state, { loaded: null, connected: true, trouble: null });
    } else Object.assign(state, { connected: false, trouble: words(error) });
  }
  running = false;
  drawStatus();
  if (!document.hidden) timer = setTimeout(poll, again ? 0 : POLL_MS);
}

const words = (error) => (error instanceof api.Refused ? error.message : "the worker does not answer");

// ---- drawing ----

let drawn = null;

// What a chart has to fit, in its own pixels.
function roomOf(id) {
  const scale = fontScale();
  const { clientWidth } = byId(id);
  return { clientWidth, scale, width: Math.floor(clientWidth / scale) };
}

function resized() {
  const room = roomOf(isLong() ? "days" : "rows");
  return room.clientWidth !== drawn.room.clientWidth || room.scale !== drawn.room.scale;
}

function draw() {
  if (!state.device || state.loaded === null || shown().last === null) return;
  byId("day").hidden = false;
  byId("day").dataset.span = isLong() ? "long" : "short";
  byId("as-picture-too").hidden = isLong();
  const { from, to } = view();
  const coming = state.loaded !== daysKey() || byId("day").dataset.complete !== "true";
  if (isLong()) {
    const room = roomOf("days");
    drawn = { from, to, scenarios: [], activities: [], room, width: room.width, gutter: 0, coming };
    weeks.draw(state.days.list(from, to), drawn, go);
    return drawRange();
  }
  const { scenarios, activities } = state.day.within(from, to);
  const room = roomOf("rows");
  const { width } = room;
  const byActivity = totals(activities, known, from, to);
  const unknown = totals(activities, (one) => (known(one) ? null : one.name), from, to);
  const lanes = [...byActivity, ...unknown];
  const gutter = width < PHONE ? 0 : gutterFor(lanes);
  const byScenario = totals(scenarios, ({ leading }) => leading, from, to);
  const likeNone = totals(scenarios, (one) => !one.leading && one.unknown && UNKNOWN, from, to);
  drawn = { from, to, scenarios, activities, room, width, gutter, coming };

  drawScenarios(byId("scenarios"), {
    ...drawn, wanted: state.day.wanted, last: coming ? from : state.day.last, tall: gutter ? 172 : 150,
  });
  drawLanes(byId("activities"), { ...drawn, totals: lanes });
  drawBars(byActivity, width);
  drawLegend([...byScenario, ...likeNone]);
  byId("day").dataset.empty = !scenarios.length && !activities.length;
  drawHeadline(byScenario);
  drawRange();
  drawFocus();
  drawCursor();
  drawRefiners();
  drawNetwork();
  correct.drawCorrections(state.day.corrections, state.device, from, to, changed);
  const short = to - from < 2 * MINUTE;
  byId("shares-note").textContent = `${clock(from, short)} to ${to === midnight(to) ? "24:00" : clock(to, short)}`;
  byId("settings").href = `/settings?${new URLSearchParams({ device: state.device })}`;
  byId("as-csv").href = api.exportAddress(state.device, from, to, "csv");
  byId("as-json").href = api.exportAddress(state.device, from, to, "json");
  byId("as-ics").href = api.calendarAddress(state.device, from, to, zoneName());
}

// Both rows leave room for the longest activity name, so that they share a time axis.
function gutterFor(byActivity) {
  const widest = Math.max(0, ...byActivity.map(({ name }) => textWidth(name, 13)));
  return Math.ceil(Math.min(200, Math.max(60, widest + 12)));
}

function drawHeadline(byScenario) {
  const { from, scenarios, activities, coming } = drawn;
  byId("date").textContent = dayName(from);
  const [headline, detail] = coming && !activities.length ? ["Loading", ""] : state.end === null
    ? presentWords(scenarios, activities)
    : pastWords(byScenario, scenarios, activities);
  byId("headline").replaceChildren(...unbroken(headline));
  byId("detail").textContent = detail;
}

// A line breaks before a duration, never within it.
function unbroken(headline) {
  const [name, ...time] = headline.split(/(?<=, )(?=\d)/);
  return [name, ...time.map((each) => el("span", { class: "unbroken" }, each))];
}

function drawRefiners() {
  const by = refiners(drawn.scenarios, refinerName).map(([name, count]) => `${count} by ${name}`);
  byId("refined-note").hidden = !by.length;
  byId("refined-by").textContent = by.length ? `half minutes refined: ${by.join(", ")}` : "";
}

// For all loaded days, not only the visible span.
function drawNetwork() {
  const used = network(state.day.scenarios);
  byId("foot-details").hidden = !used;
  byId("network").textContent = used
    ? `Scenario network ${used.name}${used.since ? `, in use since ${clock(used.since)}` : ""}`
    : "";
}

function drawRange() {
  for (const button of byId("spans").children) {
    button.setAttribute("aria-pressed", button.dataset.span === String(state.span));
  }
  byId("latest").setAttribute("aria-pressed", state.end === null);
  byId("earlier").disabled = drawn.from <= shown().first;
  byId("later").disabled = state.end === null || drawn.to >= shown().last;
}

function drawCursor() {
  const { from, to, scenarios, activities, width, gutter } = drawn;
  const at = state.chosen ?? (scenarios.at(-1)?.end ?? to) - 1;
  const record = recordAt(scenarios, at);
  const activity = recordAt(activities, at);
  const whole = record && !record.added
    ? evidenceAt(record, activity, at, { came: drawWithEvidence, failed: poll }) : null;
  drawRecord(record, activity, whole, state, {
    release: () => choose(null, false), correct: openForm,
    confirm: (block) => say(correct.confirm, block),
    confirmActivity: (one) => say(correct.confirmActivity, one), missed: correct.missed,
    block: record && confirmable(drawn, Math.max(record.start, from)),
    why: state.day.wantedAt(at) ?? whyNothing(at),
  });
  for (const line of document.querySelectorAll(".cursor")) {
    line.toggleAttribute("hidden", state.chosen === null);
    const px = gutter + ((at - from) / (to - from)) * (width - gutter);
    line.setAttribute("x1", px);
    line.setAttribute("x2", px);
  }
  const rows = byId("rows");
  rows.setAttribute("aria-valuemax", Math.max(0, scenarios.length - 1));
  rows.setAttribute("aria-valuenow", Math.max(0, indexAt(scenarios, at)));
  rows.setAttribute("aria-valuetext", record
    ? [clock(record.start, true), record.leading || (record.unknown ? "unknown" : "no estimate"), activity?.name].filter(Boolean).join(", ")
    : `${clock(at, true)}, not recorded`);
}

function drawWithEvidence() {
  if (drawn && !isLong()) drawCursor();
  uncoverForGood();
}

// A half minute's activities are there before its scenario, so that the last one is still to come.
function whyNothing(at) {
  if (drawn.coming) return "coming";
  if (!drawn.scenarios.length && !drawn.activities.length && state.chosen === null) return "nothing";
  const past = state.day.scenarios.at(-1)?.end ?? state.day.last;
  return at >= (state.day.last - past <= GAP ? past : state.day.last) ? "later" : "missing";
}

// ---- corrections ----

const NAMES = Object.keys(PALETTE);

function openForm() {
  if (!drawn || isLong()) return;
  const at = state.chosen ?? (drawn.scenarios.at(-1)?.end ?? drawn.to) - 1;
  if (state.chosen !== null) choose(at, true);
  const activities = [...new Set(state.day.activities.map(({ name }) => name))].sort();
  correct.open({
    ...blockAt(drawn, "scenario", at),
    device: state.device,
    names: (row) => (row === "scenario" ? NAMES : activities),
    block: (row) => blockAt(drawn, row, at),
    runs: (row, from, to) => (row === "scenario"
      ? runs(drawn.scenarios, (each) => each.leading) : runs(drawn.activities, (each) => each.name))
      .filter(({ start, end }) => end > from && start < to).length,
    saved: changed,
  });
}

function zoom(share) {
  const changes = zoomed(drawn, share);
  if (changes) go(changes);
}

const saying = new Set();

async function say(post, what) {
  // A second press before the answer is the same word.
  const word = JSON.stringify(what);
  if (saying.has(word)) return;
  saying.add(word);
  try {
    changed(await post(state.device, what));
  } catch (error) {
    byId("saved").textContent = sentence(error.message);
    poll();
  }
  saying.delete(word);
}

function changed(done, undone = null) {
  const text = correct.words(done, undone);
  byId("saved").textContent = done.action === "undo" ? text : `Saved: ${text}`;
  forgetEvidence();
  refreshLearned().catch(() => {});
  poll();
  // An answer may come late: who writes something else by then goes on writing it.
  if (!document.activeElement.closest("form, label")?.checkVisibility()) byId("rows").focus({ preventScroll: true });
}

// ---- controls ----

function go(changes) {
  take(changes);
  address.write(state, { step: true });
  redraw();
}

function take(view) {
  if (view.device !== undefined && view.device !== state.device) {
    Object.assign(state, { loaded: null, recording: null });
    search?.clear();
  }
  Object.assign(state, { chosen: null, pinned: false }, view);
  if (view.zone !== undefined) takeZone(view.zone);
  correct.close();
}

// A zone that the browser does not know is ignored.
function takeZone(zone) {
  const before = zoneName();
  state.zone = useZone(zone) ? zone : null;
  if (state.zone === null) useZone(null);
  // Midnights differ by zone.
  if (zoneName() !== before) {
    state.loaded = null;
    search?.byNewClock();
  }
  zones.draw(state.zone);
}

function redraw() {
  drawStatus();
  draw();
  poll();
}

let noting = null;

function choose(at, pinned) {
  const linked = pinned || state.pinned;
  Object.assign(state, { chosen: at, pinned });
  // A pinned time is part of the address, but no entry of the history. Browsers refuse a hundred in half
  // a minute, which a finger along the chart passes at once.
  clearTimeout(noting);
  if (linked) noting = setTimeout(() => address.write(state, { step: false }), REST_MS);
  drawCursor();
}

async function find(how) {
  try {
    search ??= await import("./search.js");
  } catch {
    byId("found-note").textContent = "The worker does not answer.";
    return;
  }
  search[how](state.device, (device, at) => `?${new URLSearchParams({ device, at })}`, open);
}

// Questions go to the language model only if one is configured, by a separate button.
async function offerQuestions() {
  const model = await api.languageModel().catch(() => null);
  byId("ask").hidden = model === null;
  byId("ask").title = `Asks ${model}, which is sent the log`;
}

// Show a time on its own day.
function open(at) {
  const end = midnight(at, 1);
  go({ span: "day", end: end > shown().last ? null : end, chosen: at, pinned: true });
}

function start() {
  Object.assign(state, address.read());
  takeZone(state.zone ?? (state.device === null ? null : zones.chosenFor(state.device)));
  linked = state.chosen !== null;
  correct.start();
  byId("find").addEventListener("submit", (event) => {
    event.preventDefault();
    find("find");
  });
  byId("ask").addEventListener("click", () => find("question"));
  // The field's clear button.
  byId("find-words").addEventListener("search", ({ target }) => target.value || search?.clear());
  offerQuestions();
  zones.start((zone) => {
    zones.keep(state.device, zone);
    go({ zone });
  });
  byId("as-picture").addEventListener("click", async () => (await import("./picture.js")).save(drawn));
  byId("notifications").addEventListener("toggle", async ({ target }) => {
    if (target.open) (await import("./notifications.js")).draw(byId("notifications-room"));
  });
  byId("device").addEventListener("change", ({ target }) => go({
    device: target.value, end: null, focus: null, zone: zones.chosenFor(target.value),
  }));
  byId("earlier").addEventListener("click", () => go(stepped(drawn, -1)));
  byId("later").addEventListener("click", () => go(stepped(drawn, 1)));
  byId("latest").addEventListener("click", () => go({ end: null }));
  byId("spans").addEventListener("click", ({ target }) => {
    const { span } = target.dataset;
    if (span) go({ span: Number(span) || span });
  });
  window.addEventListener("popstate", () => {
    take(address.read());
    redraw();
  });
  steerByPointer(byId("rows"), { drawn: () => drawn, choose, go });
  steerByKey(byId("rows"), { drawn: () => drawn, choose, openForm, zoom });
  new ResizeObserver(() => drawn && resized() && draw()).observe(byId("day"));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      clearTimeout(timer);
      watchNow(false);
    } else poll();
  });
  poll();
}

start();
