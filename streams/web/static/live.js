// The live view of the selected device: its current sounds and activity.

import * as api from "./api.js";
import { compass } from "./compass.js";
import { byId, el, put } from "./dom.js";
import { clock } from "./time.js";

const LOOK_MS = 1000;
// Screen readers announce changes less often than every second.
const SPOKEN_EVERY_MS = 15_000;
const QUIETEST_DB = -80;

let watched = null;
let timer = null;
let spoken = { at: -SPOKEN_EVERY_MS, text: "" };

// Show a device, or nothing for null.
export function watch(device) {
  if (device === watched) return;
  watched = device;
  clearTimeout(timer);
  byId("live").hidden = true;
  if (device !== null) look();
}

async function look() {
  const device = watched;
  try {
    const state = await api.live(device);
    if (device === watched) draw(state);
  } catch {
    // The status line reports problems of the worker.
    if (device === watched) byId("live").hidden = true;
  }
  if (device === watched) timer = setTimeout(look, LOOK_MS);
}

function draw({ at, level_db: level, regions, sounds, activity, scenario }) {
  byId("live").hidden = at === null;
  if (at === null) return;
  const places = sounds.map(({ where }) => where.join("-"));
  put(byId("live-compass"), compass(new Map(Object.entries(regions)), places));
  byId("live-at").textContent = clock(at, true);
  const heard = level === null ? "no sound comes in"
    : sounds.map(({ name }) => name).join(", ") || "nothing named";
  // All sounds of the same two seconds share a place.
  const place = sounds.length ? sounds[0].where.join(", ") : "";
  const done = [doing(activity), situation(scenario)].filter(Boolean).join(" · ");
  put(byId("live-heard"), heard, place && el("span", { class: "quiet" }, ` ${place}`));
  put(byId("live-done"), done || "nothing known yet");
  drawLevel(level);
  say([heard, place, done].filter(Boolean).join(", "));
}

const doing = (activity) => activity && (activity.unknown ? "activity unknown" : activity.name);

const situation = (scenario) => scenario && (scenario.unknown ? "scenario unknown" : scenario.names.join(", "));

function drawLevel(level) {
  const meter = byId("live-level");
  meter.hidden = level === null;
  if (level === null) return;
  meter.value = Math.max(QUIETEST_DB, level);
  meter.textContent = meter.title = `${Math.round(level)} dB`;
}

function say(text) {
  if (text === spoken.text || performance.now() - spoken.at < SPOKEN_EVERY_MS) return;
  spoken = { at: performance.now(), text };
  byId("live-announcement").textContent = text;
}
