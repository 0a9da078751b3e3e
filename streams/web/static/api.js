// The worker's HTTP interface.

import { byTheClock } from "./time.js";

const TIMEOUT_MS = 10_000;
const ASK_TIMEOUT_MS = 120_000;

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// The request or its answer was lost on the way.
export class Unanswered extends Error {}

const get = (path, query = {}) =>
  taken(`${path}?${new URLSearchParams(query)}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });

const UNSAVED = "#correct:not([hidden]), body:not([data-recording=off]) .sensor";

async function taken(path, request) {
  let [answer, body] = [null, null];
  try {
    answer = await fetch(path, request);
    body = await answer.json();
  } catch {
    // A browser's own words for it differ, and a proxy answers with a page of its own.
    throw new Unanswered("the worker does not answer");
  }
  if (answer.ok) return body;
  if (answer.status !== 401) throw new Refused(answer.status, byTheClock(body.error));
  // Reloading the page shows the login form; what is being written or recorded would be lost.
  if (!document.querySelector(UNSAVED)) location.reload();
  throw new Refused(401, "the login has expired, log in on another tab");
}

// Milliseconds to the nanoseconds of the interface, without passing through a float.
const ns = (ms) => `${Math.max(0, Math.round(ms))}000000`;

export const devices = () => get("/api/devices");

export const hours = (device, from, to, since, detail) =>
  get("/api/v1/hours", { device, from: ns(from), to: ns(to), since, detail });

export const evidence = (device, at) => get("/api/v1/window", { device, at: ns(at) });

export const settings = (device) => get("/api/v1/settings", { device });

export const live = (device) => get("/api/v1/live", { device });

// The zone is "local time" if the browser reports no name.
const named = (zone) => (zone.includes("/") || zone === "UTC" ? { zone } : {});

export const search = (device, words, zone, from) => get("/api/v1/search", {
  device, words, ...named(zone), ...(from ? { from } : {}),
});

export const learned = (device) => get("/api/v1/learned", { device });

export const notifications = () => get("/api/v1/notifications");

const post = (path, body, timeout = TIMEOUT_MS) => taken(path, {
  method: "POST",
  // A page elsewhere cannot send this header.
  headers: { "Content-Type": "application/json", "X-EgoLog": "1" },
  body: JSON.stringify(body),
  signal: AbortSignal.timeout(timeout),
});

// The ids of changes without an answer: the log may have them, and has each once if it is sent again.
const unanswered = new Map();

async function change(what) {
  const key = JSON.stringify(what);
  if (!unanswered.has(key)) unanswered.set(key, newId());
  try {
    const done = await post("/api/v1/corrections", { ...what, correction_id: unanswered.get(key) });
    unanswered.delete(key);
    return done;
  } catch (error) {
    if (error instanceof Unanswered) throw new Unanswered("the worker does not answer: try again, it is saved only once");
    // An error of the worker itself may have come after the log had it.
    if (error.status < 500) unanswered.delete(key);
    throw error;
  }
}

// `crypto.randomUUID` is there only on https pages and on localhost.
const newId = () => [...crypto.getRandomValues(new Uint8Array(16))]
  .map((byte) => byte.toString(16).padStart(2, "0")).join("");

export const correct = (device, { action, row, parts, note }) => change({
  device, action, row, note,
  parts: parts.map(({ from, to, labels }) => ({ from: ns(from), to: ns(to), labels })),
});

// Omitted fields stay unchanged; `until` is in milliseconds.
export const decide = (device, { until, ...changes }) => post("/api/v1/settings", {
  device, ...changes, ...(until ? { until: ns(until) } : {}),
});

export const undo = (device, undoes) => change({ device, action: "undo", undoes });

// Null if no language model is configured.
export const languageModel = async () => (await get("/api/v1/ask")).model;

export const ask = (device, question, zone) => post("/api/v1/ask", {
  device, question, ...named(zone),
}, ASK_TIMEOUT_MS);

export const testTarget = (target) => post("/api/v1/notifications/test", { target });

export const calendarAddress = (device, from, to, zone) => `/api/v1/export?${new URLSearchParams({
  device, from: ns(from), to: ns(to), format: "ics", ...named(zone),
})}`;

// For a span of any length: "csv" and "jsonl" are streamed.
export const spanAddress = (device, from, to, format) => `/api/v1/export?${new URLSearchParams({
  device, from: ns(from), to: ns(to), format,
})}`;

export function exportAddress(device, from, to, format) {
  return `/api/log?${new URLSearchParams({ device, from: ns(from), to: ns(to), format })}`;
}
