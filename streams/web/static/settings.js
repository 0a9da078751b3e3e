// A device's settings: pausing the recording, and quiet hours.

import * as api from "./api.js";
import { byId, el, put } from "./dom.js";
import { notRecording, signOfLife } from "./recording.js";
import { browserZone, MINUTE, useZone } from "./time.js";
import { chosenFor } from "./zone.js";

const LOOK_MS = 5000;
const EVENING = ["22:00", "07:00"];

let device = new URLSearchParams(location.search).get("device");

// Counts what was asked and decided: an answer to an earlier question is not drawn.
let turn = 0;

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function problem(error) {
  tell(error ? sentence(error instanceof api.Refused ? error.message : "the worker does not answer") : "");
}

// Announced once, not at every look.
function tell(text) {
  if (byId("problem").textContent !== text) byId("problem").textContent = text;
}

// ---- recording ----

function drawRecording(decided) {
  const off = notRecording(decided);
  const { state } = decided;
  const words = off || signOfLife(decided.silent_s);
  document.body.dataset.recording = words === "Live" ? "on" : "paused";
  // It is announced when it changes, not at every look.
  if (byId("state").textContent !== words) byId("state").textContent = words;
  byId("pauses").hidden = state === "paused" || state === "erased";
  byId("resume").hidden = state !== "paused";
}

async function decide(changes) {
  const asked = device;
  turn += 1;
  try {
    const decided = await api.decide(asked, changes);
    if (asked !== device) return null;
    turn += 1;
    problem(null);
    drawRecording(decided);
    return decided;
  } catch (error) {
    problem(error);
    return null;
  }
}

async function pause({ target }) {
  const { minutes } = target.dataset;
  if (minutes === undefined) return;
  const until = minutes ? Date.now() + Number(minutes) * MINUTE : null;
  if (await decide({ state: "paused", until })) byId("resume").focus();
}

async function resume() {
  if (await decide({ state: "active" })) byId("pauses").querySelector("button").focus();
}

// ---- quiet hours ----

function drawQuiet({ quiet, quiet_of_all: ofAll }) {
  const [spans, zone] = (quiet ?? "").split("@");
  put(byId("spans"), ...spans.split(",").filter(Boolean).map((span) => row(...span.trim().split("-"))));
  drawZone(zone ?? (quiet ? "UTC" : chosenFor(device) ?? browserZone()));
  byId("of-all").textContent = ofAll ? ` All devices are quiet in ${ofAll.replace("@", ", ")} too.` : "";
}

function row(from, to) {
  const remove = el("button", { type: "button", class: "act" }, "Remove");
  const item = el("li", {},
    el("label", {}, "From ", el("input", { type: "time", value: from, required: "" })),
    el("label", {}, "to ", el("input", { type: "time", value: to, required: "" })), remove);
  remove.addEventListener("click", () => {
    item.remove();
    byId("add").focus();
  });
  return item;
}

function drawZone(zone) {
  const names = new Set([...Intl.supportedValuesOf("timeZone"), "UTC", zone]);
  put(byId("zone"), ...[...names].sort().map((name) => el("option", { value: name }, name)));
  byId("zone").value = zone;
}

function quietText() {
  const spans = [...byId("spans").children].map((item) =>
    [...item.querySelectorAll("input")].map(({ value }) => value).join("-"));
  return spans.length ? `${spans.join(",")}@${byId("zone").value}` : null;
}

async function save(event) {
  event.preventDefault();
  byId("saved").textContent = "";
  const decided = await decide({ quiet: quietText() });
  if (decided) {
    drawQuiet(decided);
    byId("saved").textContent = decided.quiet ? "Saved." : "Saved: no quiet hours.";
  }
}

function add() {
  const item = row(...EVENING);
  byId("spans").append(item);
  item.querySelector("input").focus();
}

// ---- the page ----

async function load() {
  turn += 1;
  const mine = turn;
  // What is there may be another device's, and would be saved for this one.
  byId("decided").hidden = true;
  try {
    const devices = (await api.devices()).map(({ device_id: id }) => id);
    if (mine !== turn) return;
    device ??= devices[0] ?? null;
    put(byId("device"), ...devices.map((id) => el("option", { value: id }, id)));
    byId("device").disabled = devices.length < 2;
    if (device === null) {
      tell("No device has a log yet.");
      return;
    }
    byId("device").value = device;
    byId("page").href = `/?${new URLSearchParams({ device })}`;
    useZone(chosenFor(device));
    const decided = await api.settings(device);
    if (mine !== turn) return;
    problem(null);
    drawRecording(decided);
    drawQuiet(decided);
    byId("decided").hidden = false;
  } catch (error) {
    if (mine === turn) problem(error);
  }
}

// A pause may end by itself, and settings may be changed elsewhere.
async function follow() {
  if (!document.hidden && byId("decided").hidden) await load();
  else if (!document.hidden) {
    const mine = turn;
    try {
      const decided = await api.settings(device);
      if (mine === turn) drawRecording(decided);
    } catch {
      // The next request may succeed.
    }
  }
  setTimeout(follow, LOOK_MS);
}

byId("device").addEventListener("change", ({ target }) => {
  device = target.value;
  history.replaceState(null, "", `?${new URLSearchParams({ device })}`);
  load();
});
byId("pauses").addEventListener("click", pause);
byId("resume").addEventListener("click", resume);
byId("quiet").addEventListener("submit", save);
byId("add").addEventListener("click", add);
load().then(() => setTimeout(follow, LOOK_MS));
