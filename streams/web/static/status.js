// The status line, why no log is shown, and the choice of devices.

import { byId, el, keepingFocus } from "./dom.js";
import { LIVE, notRecording } from "./recording.js";
import { ago, clock } from "./time.js";
import { deviceSummary, isLong, shown, state } from "./view.js";

const MOST_LINKS = 12;

// A module that is not needed to draw a day.
let live = null;

export function drawStatus() {
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
export async function watchNow(loaded) {
  const follows = loaded && state.connected && state.end === null && !isLong() && !document.hidden
    && state.heard !== null && performance.now() - state.heard < LIVE;
  if (!follows && live === null) return;
  live ??= await import("./live.js");
  live.watch(follows ? state.device : null);
}

export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
