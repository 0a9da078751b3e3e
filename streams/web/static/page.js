// The page: its state, its updates, and its controls.

import * as address from "./address.js";
import * as api from "./api.js";
import { drawBars, drawLanes } from "./activity_chart.js";
import * as correct from "./correct.js";
import { current, Day, GAP, indexAt, known, network, recordAt, refiners, runs, totals } from "./day.js";
import { byId, el, fontScale, keepingFocus, svg, textWidth } from "./dom.js";
import { byFamily, colour, PALETTE, short } from "./palette.js";
import { drawRecord, refinerName } from "./record.js";
import { LIVE, notRecording } from "./recording.js";
import { drawScenarios } from "./scenario_chart.js";
import {
  ago, clock, dayName, duration, firstOfMonth, midnight, MINUTE, useZone, zoneName,
} from "./time.js";
import * as zones from "./zone.js";

const POLL_MS = 2000;
const DEVICES_EVERY = 5;
const LEAST_DAY = 15 * MINUTE;
const PHONE = 640;
const MOST_LINKS = 12;
const FINGER = 24;
const NOTHING = "Nothing recorded here";
const LONG = ["week", "month"];
const LEARNED_EVERY = 15;
const EVIDENCE_KEPT = 200;
const HOVER_MS = 80;

const state = {
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

// Modules that are not needed to draw a day.
let [search, weeks, live] = [null, null, null];

const isLong = () => LONG.includes(state.span);
const shown = () => (isLong() ? state.days : state.day);

// ---- the visible span ----

function view() {
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

function wanted() {
  const end = state.end ?? Math.ceil(deviceSummary().last_ns / 1e6);
  if (isLong()) return longView(end);
  const start = state.span === "day" ? end - 1 : end - state.span;
  return { from: midnight(start), to: midnight(end - 1, 1) };
}

const deviceSummary = () => state.devices.find(({ device_id: id }) => id === state.device);

// ---- updates ----

let polls = 0;

async function refresh() {
  if (!deviceSummary() || polls % DEVICES_EVERY === 0) await refreshDevices();
  polls += 1;
  if (!deviceSummary()) {
    state.loaded = null;
    return;
  }
  const { from, to } = wanted();
  const [device, long] = [state.device, isLong()];
  const key = `${device}/${from}/${to}/${long}`;
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
    evidence.clear();
    if (!broughtIntoView()) draw();
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

function drawStatus() {
  const loaded = state.loaded !== null && state.device !== null;
  const [kind, text] = status(loaded);
  const line = byId("status");
  // Announced when it changes, not every minute.
  line.setAttribute("aria-live", kind === document.body.dataset.state ? "off" : "polite");
  document.body.dataset.state = kind;
  if (line.textContent !== text) line.textContent = text;
  byId("day").hidden = byId("foot").hidden = !loaded;
  drawNotice(loaded);
  drawDevices();
  watchNow(loaded);
}

function status(loaded) {
  const until = loaded && shown().last !== null ? `up to ${clock(shown().last)}` : null;
  if (state.connected === null) return ["loading", "Connecting"];
  if (!state.connected) {
    return ["lost", `${sentence(state.trouble)}; ${until ? `log ${until}` : "trying again"}`];
  }
  if (!loaded) return ["quiet", "Connected"];
  const off = notRecording(state.recording);
  if (off) return ["quiet", [off, until].filter(Boolean).join(" · ")];
  if (state.heard === null) return ["quiet", ["Never seen", until].filter(Boolean).join(" · ")];
  const silent = performance.now() - state.heard;
  return silent < LIVE
    ? ["live", ["Live", until].filter(Boolean).join(" · ")]
    : ["quiet", [`Last heard ${ago(silent)} ago`, until].filter(Boolean).join(" · ")];
}

// Why no log is shown: it is still loading, there is none, or none of this device.
function drawNotice(loaded) {
  const answered = !loaded && state.connected === true;
  const unknown = answered && state.device !== null && !deviceSummary();
  const empty = answered && state.device === null;
  byId("empty").hidden = !empty;
  byId("unknown").hidden = !unknown;
  byId("loading").hidden = loaded || empty || unknown;
  byId("loading-title").textContent = state.connected === false
    ? sentence(state.trouble) : "Loading the log";
  if (unknown) drawUnknown();
}

function drawUnknown() {
  byId("unknown-title").textContent = `No log of ${state.device.slice(0, 64)}`;
  byId("others").hidden = !state.devices.length;
  keepingFocus(byId("known"), (list) => list.replaceChildren(
    ...state.devices.slice(0, MOST_LINKS).map(({ device_id: id }) => {
      const href = `?${new URLSearchParams({ device: id })}`;
      return el("li", {}, el("a", { href, "data-key": id }, id));
    })));
}

function drawDevices() {
  const known = state.devices.map(({ device_id: id }) => id);
  const absent = state.device !== null && state.connected && !known.includes(state.device);
  const listed = absent ? [...known, state.device] : known;
  const select = byId("device");
  const texts = listed.map((id) => (known.includes(id) ? id : `${id.slice(0, 64)} (no log)`));
  if (texts.join() !== [...select.options].map(({ text }) => text).join()) {
    select.replaceChildren(...listed.map((id, at) => el("option", { value: id }, texts[at])));
    select.disabled = listed.length < 2;
  }
  if (state.device !== null) select.value = state.device;
}

// Watched only while visible, and only for a device that sent something recently.
async function watchNow(loaded) {
  const follows = loaded && state.connected && state.end === null && !isLong() && !document.hidden
    && state.heard !== null && performance.now() - state.heard < LIVE;
  if (!follows && live === null) return;
  live ??= await import("./live.js");
  live.watch(follows ? state.device : null);
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

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
  if (isLong()) return drawLong(from, to);
  const { scenarios, activities } = state.day.within(from, to);
  const room = roomOf("rows");
  const { width } = room;
  const byActivity = totals(activities, known, from, to);
  const unknown = totals(activities, (one) => (known(one) ? null : one.name), from, to);
  const lanes = [...byActivity, ...unknown];
  const gutter = width < PHONE ? 0 : gutterFor(lanes);
  const byScenario = totals(scenarios, ({ leading }) => leading, from, to);
  drawn = { from, to, scenarios, activities, room, width, gutter };

  drawScenarios(byId("scenarios"), {
    ...drawn, wanted: state.day.wanted, last: state.day.last, tall: gutter ? 172 : 150,
  });
  drawLanes(byId("activities"), { ...drawn, totals: lanes });
  drawBars(byActivity, width);
  drawLegend(byScenario);
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

async function savePicture() {
  const { from, to, scenarios, activities } = drawn;
  const { png } = await import("./picture.js");
  const byScenario = totals(scenarios, ({ leading }) => leading, from, to);
  const [headline, detail] = pastWords(byScenario);
  const picture = await png({
    date: dayName(from), headline, detail, from, to,
    blocks: runs(scenarios, ({ leading }) => leading),
    scenarios: byScenario, activities: totals(activities, known, from, to),
  });
  const href = URL.createObjectURL(picture);
  el("a", { href, download: `egolog-${dayName(from).replaceAll(/[ ,]+/g, "-")}.png` }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

function drawLong(from, to) {
  const days = state.days.list(from, to);
  const room = roomOf("days");
  const { width } = room;
  drawn = { from, to, scenarios: [], activities: [], room, width, gutter: 0 };
  byId("as-csv").href = api.spanAddress(state.device, from, to, "csv");
  byId("as-json").href = api.spanAddress(state.device, from, to, "jsonl");
  byId("as-ics").href = api.calendarAddress(state.device, from, to, zoneName());
  // It describes a single day.
  byId("foot-details").hidden = true;
  weeks.drawDays(days, width, addressOf, ({ start, end }) => go({ span: "day", end: end > state.days.last && start < state.days.last ? null : end }));
  const recorded = days.reduce((sum, day) => sum + day.recorded, 0);
  byId("date").textContent = state.span === "week"
    ? `${dayName(from).replace(/ \d+$/, "")} to ${dayName(to - 1)}`
    : dayName(from, { month: "long", year: "numeric" });
  byId("headline").textContent = recorded ? `${duration(recorded)} recorded` : NOTHING;
  byId("detail").textContent = `on ${days.filter((day) => day.recorded).length} of ${days.length} days`;
  drawRange();
}

const addressOf = ({ end }) => `?${new URLSearchParams({ device: state.device, end })}`;

// Both rows leave room for the longest activity name, so that they share a time axis.
function gutterFor(byActivity) {
  const widest = Math.max(0, ...byActivity.map(({ name }) => textWidth(name, 13)));
  return Math.ceil(Math.min(200, Math.max(60, widest + 12)));
}

function drawHeadline(byScenario) {
  const { from, scenarios, activities } = drawn;
  byId("date").textContent = dayName(from);
  const [headline, detail] = state.end === null
    ? presentWords(scenarios, activities)
    : pastWords(byScenario);
  byId("headline").textContent = headline;
  byId("detail").textContent = detail;
}

function presentWords(scenarios, activities) {
  const run = current(scenarios);
  if (!run) return [scenarios.length ? "No clear scenario" : NOTHING, ""];
  const last = scenarios.findLast(({ leading }) => leading);
  const [doing] = totals(activities.filter(({ end }) => end > run.start), known,
    run.start, run.end);
  return [`${run.name}, ${duration(run.end - run.start)}`, [
    `Since ${clock(run.start)}`,
    last.confirmed ? "confirmed by the wearer" : last.corrected ? "corrected by the wearer" : last.refined?.labels.length ? `refined by ${refinerName(last.refined.by)}` : sureness(last),
    doing && `mostly ${doing.name}`,
  ].filter(Boolean).join(" · ")];
}

const sureness = ({ confidence }) => `${Math.round(confidence * 100)} % sure`;

function pastWords(byScenario) {
  const [first, ...rest] = byScenario;
  if (!first) return [NOTHING, ""];
  const others = rest.slice(0, 2).map(({ name, time }) => `${name} ${duration(time)}`);
  return [`Mostly ${first.name}, ${duration(first.time)}`, others.join(" · ")];
}

function drawLegend(byScenario) {
  const ordered = byScenario.sort((a, b) => b.time - a.time || byFamily(a.name, b.name));
  keepingFocus(byId("legend"), (list) => list.replaceChildren(...ordered
    .map(({ name, time }) => {
      const chip = el("span", { class: "chip", "aria-hidden": "true" });
      chip.style.background = colour(name);
      const button = el("button", {
        type: "button", "data-key": name, "aria-pressed": state.focus === name,
        title: `Show ${short(name)} alone`,
      }, chip, el("span", {}, name), el("span", { class: "number" }, duration(time)));
      button.addEventListener("click", () => {
        state.focus = state.focus === name ? null : name;
        drawLegend(byScenario);
        drawFocus();
        show(byId("scenarios"));
      });
      return el("li", {}, button);
    })));
}

// On a phone the chart is out of sight when the legend is tapped, so scroll to it.
function show(chart) {
  const { top, bottom } = chart.getBoundingClientRect();
  if (bottom < 0 || top > window.innerHeight) chart.scrollIntoView({ block: "start" });
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

function drawFocus() {
  const chart = byId("scenarios");
  chart.classList.toggle("focused", state.focus !== null);
  for (const shape of chart.querySelectorAll("[data-name]")) {
    shape.classList.toggle("in-focus", shape.dataset.name === state.focus);
  }
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
  const whole = record && !record.added ? evidenceAt(record, activity, at) : null;
  drawRecord(record, activity, whole, state, {
    release: () => choose(null, false), correct: openForm,
    confirm: (block) => say(() => correct.confirm(state.device, block)),
    confirmActivity: (one) => say(() => correct.confirmActivity(state.device, one)),
    block: record && confirmable(Math.max(record.start, from)),
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

// A half minute's activities are there before its scenario, so that the last one is still to come.
function whyNothing(at) {
  if (!drawn.scenarios.length && state.chosen === null) return "nothing";
  const past = state.day.scenarios.at(-1)?.end ?? state.day.last;
  return at >= (state.day.last - past <= GAP ? past : state.day.last) ? "later" : "missing";
}

// The evidence of records, by the starts of the half minute and of the activity.
const evidence = new Map();
let asking = null;

function evidenceAt(record, activity, at) {
  const key = `${state.device}/${record.start}/${activity?.start ?? ""}`;
  if (evidence.has(key)) return evidence.get(key);
  clearTimeout(asking);
  asking = setTimeout(async () => {
    try {
      const whole = await api.evidence(state.device, at);
      if (evidence.size > EVIDENCE_KEPT) evidence.clear();
      evidence.set(key, whole);
      if (drawn && !isLong()) drawCursor();
      uncover();
      tapped = null;
    } catch (error) {
      // The status line reports problems of the worker.
      if (!(error instanceof api.Refused)) poll();
    }
    // A moving pointer passes over records that are not of interest, so wait until it rests.
  }, state.chosen === null ? 0 : HOVER_MS);
  return null;
}

// ---- corrections ----

const NAMES = Object.keys(PALETTE);

// The block of a row at a time, or the gap around it if nothing was recorded.
function blockAt(row, at) {
  const [records, label] = row === "scenario"
    ? [drawn.scenarios, (each) => each.leading] : [drawn.activities, (each) => each.name];
  const block = runs(records, label).find(({ start, end }) => start <= at && at < end);
  if (block) return { row, start: block.start, end: block.end, label: block.name, also: alsoOf(row, block) };
  const before = records.findLast(({ end }) => end <= at);
  const after = records.find(({ start }) => start > at);
  return { row, start: Math.max(drawn.from, before?.end ?? 0), label: "",
    end: Math.min(drawn.to, after?.start ?? Infinity) };
}

// The second label that all records of a scenario block share.
function alsoOf(row, { start, end }) {
  if (row !== "scenario") return "";
  const [first, ...rest] = drawn.scenarios.filter((each) => each.end > start && each.start < end && each.leading);
  const also = first?.labels[1] ?? "";
  return rest.every(({ labels }) => labels[1] === also) ? also : "";
}

function openForm() {
  if (!drawn || isLong()) return;
  const at = state.chosen ?? (drawn.scenarios.at(-1)?.end ?? drawn.to) - 1;
  if (state.chosen !== null) choose(at, true);
  const activities = [...new Set(state.day.activities.map(({ name }) => name))].sort();
  correct.open({
    ...blockAt("scenario", at),
    device: state.device,
    names: (row) => (row === "scenario" ? NAMES : activities),
    block: (row) => blockAt(row, at),
    runs: (row, from, to) => (row === "scenario"
      ? runs(drawn.scenarios, (each) => each.leading) : runs(drawn.activities, (each) => each.name))
      .filter(({ start, end }) => end > from && start < to).length,
    saved: changed,
  });
}

// The scenario block at a time; `corrected` if the wearer has corrected all of it.
function confirmable(at) {
  const block = blockAt("scenario", at);
  const inside = drawn.scenarios.filter(({ start, end }) => end > block.start && start < block.end);
  return { ...block, labels: [block.label], corrected: inside.every(({ leading, corrected }) => !leading || corrected) };
}

// Confirm the record at the cursor, its whole block, or its activity.
const CONFIRMED_BY = { y: "right", Y: "all-right", a: "activity-right" };

function confirmAtCursor(what) {
  byId("record").querySelector(`[data-key=${what}]`)?.click();
}

// Zoom by a factor of two, around the chosen time.
function zoom(share) {
  if (share > 1 && state.span === "day") return;
  const { from, to } = drawn;
  const span = Math.max(address.SHORTEST, Math.round((to - from) * share));
  if (span >= address.LONGEST) return go({ span: "day" });
  const middle = state.chosen ?? to;
  const end = Math.round(Math.min(to, Math.max(from + span, middle + span / 2)));
  const { chosen, pinned } = state;
  go({ span, end: end >= state.day.last && state.end === null ? null : end, chosen, pinned });
}

let saying = false;

async function say(post) {
  // A second press before the answer is the same word.
  if (saying) return;
  saying = true;
  try {
    changed(await post());
  } catch (error) {
    byId("saved").textContent = sentence(error.message);
    poll();
  }
  saying = false;
}

function changed(done, undone = null) {
  const text = correct.words(done, undone);
  byId("saved").textContent = done.action === "undo" ? text : `Saved: ${text}`;
  evidence.clear();
  refreshLearned();
  poll();
  byId("rows").focus({ preventScroll: true });
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
  if (zoneName() !== before) state.loaded = null;
  zones.draw(state.zone);
}

function redraw() {
  drawStatus();
  draw();
  poll();
}

function step(direction) {
  const { from, to } = drawn;
  const { last } = shown();
  const past = (end) => (end > last ? null : end);
  if (state.span === "day") {
    return go({ end: past(midnight((state.end ?? last) - 1, direction > 0 ? 2 : 0)) });
  }
  if (state.span === "week") return go({ end: past(midnight(to - 1, 1 + 7 * direction)) });
  if (state.span === "month") return go({ end: past(firstOfMonth(from, 1 + direction)) });
  const end = direction > 0 ? to + state.span : from;
  return go({ end: end >= state.day.last ? null : end });
}

function timeAt(event) {
  const { from, to, room, width, gutter } = drawn;
  const left = byId("scenarios").getBoundingClientRect().left;
  const share = ((event.clientX - left) / room.scale - gutter) / (width - gutter);
  return from + Math.min(1, Math.max(0, share)) * (to - from);
}

function choose(at, pinned) {
  const linked = pinned || state.pinned;
  Object.assign(state, { chosen: at, pinned });
  // A pinned time is part of the address, but no entry of the history.
  if (linked) address.write(state, { step: false });
  drawCursor();
}

// On a narrow page the chosen record covers the lower part, so the page scrolls until the tapped
// point is above it. `tapped` is that point, until the record's evidence is drawn, which is longer.
let tapped = null;

function uncover() {
  if (tapped === null) return;
  const { top } = byId("record").getBoundingClientRect();
  const y = tapped - window.scrollY;
  if (top < y + FINGER) window.scrollBy(0, y + FINGER - top);
}

let pressed = null;
let touched = null;

const alongTheTime = ({ clientX, clientY }) => touched !== null
  && Math.abs(clientX - touched.clientX) > Math.abs(clientY - touched.clientY);

function steerByPointer(rows) {
  rows.addEventListener("pointermove", (event) => {
    if (!drawn?.scenarios.length) return;
    if (pressed !== null) drawBrush(pressed, timeAt(event));
    if (event.pointerType === "touch") {
      if (alongTheTime(event)) choose(timeAt(event), true);
    } else if (!state.pinned || event.buttons) choose(timeAt(event), state.pinned);
  });
  rows.addEventListener("pointerdown", (event) => {
    if (!drawn?.scenarios.length) return;
    touched = event;
    if (event.pointerType === "mouse" && event.button === 0) pressed = timeAt(event);
  });
  // A touch may turn into scrolling, without a pointerup event.
  rows.addEventListener("pointerup", (event) => {
    if (event.pointerType === "mouse" || !drawn?.scenarios.length) return;
    choose(timeAt(event), true);
    tapped = event.clientY + window.scrollY;
    uncover();
  });
  window.addEventListener("pointerup", (event) => {
    if (pressed === null) return;
    const [start, end] = [pressed, timeAt(event)].sort((a, b) => a - b);
    pressed = null;
    drawBrush(0, 0);
    if (end - start >= Math.max(address.SHORTEST, (drawn.to - drawn.from) / 100)) {
      go({ span: Math.round(end - start), end: Math.round(end) });
    } else if (rows.contains(event.target)) {
      choose(timeAt(event), !state.pinned);
    }
  });
  rows.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse" && !state.pinned) choose(null, false);
  });
}

function drawBrush(start, end) {
  const { from, to, width, gutter } = drawn;
  const chart = byId("scenarios");
  chart.querySelector(".brush")?.remove();
  if (start === end) return;
  const x = (at) => gutter + ((at - from) / (to - from)) * (width - gutter);
  const [left, right] = [x(Math.min(start, end)), x(Math.max(start, end))];
  chart.append(svg("rect", {
    class: "brush", x: left, y: 0, width: right - left, height: chart.viewBox.baseVal.height - 24,
  }));
}

function steerByKey(rows) {
  rows.addEventListener("keydown", (event) => {
    if (!drawn?.scenarios.length || isLong()) return;
    const { scenarios } = drawn;
    const last = scenarios.length - 1;
    const index = state.chosen === null ? last : Math.max(0, indexAt(scenarios, state.chosen));
    const moves = {
      ArrowLeft: index - 1, ArrowDown: index - 1, ArrowRight: index + 1, ArrowUp: index + 1,
      PageDown: index - 10, PageUp: index + 10, Home: 0, End: last,
    };
    if (event.key === "Escape") choose(null, false);
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === "c") openForm();
    else if (event.key in CONFIRMED_BY) confirmAtCursor(CONFIRMED_BY[event.key]);
    else if (event.key === "+") zoom(0.5);
    else if (event.key === "-") zoom(2);
    else if (event.key in moves) {
      const record = scenarios[Math.min(last, Math.max(0, moves[event.key]))];
      choose((record.start + record.end) / 2, true);
    } else return;
    event.preventDefault();
  });
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
  byId("as-picture").addEventListener("click", savePicture);
  byId("notifications").addEventListener("toggle", async ({ target }) => {
    if (target.open) (await import("./notifications.js")).draw(byId("notifications-room"));
  });
  byId("device").addEventListener("change", ({ target }) => go({
    device: target.value, end: null, focus: null, zone: zones.chosenFor(target.value),
  }));
  byId("earlier").addEventListener("click", () => step(-1));
  byId("later").addEventListener("click", () => step(1));
  byId("latest").addEventListener("click", () => go({ end: null }));
  byId("spans").addEventListener("click", ({ target }) => {
    const { span } = target.dataset;
    if (span) go({ span: Number(span) || span });
  });
  window.addEventListener("popstate", () => {
    take(address.read());
    redraw();
  });
  steerByPointer(byId("rows"));
  steerByKey(byId("rows"));
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
