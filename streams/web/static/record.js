// One 30 s record: what was thought and by whom; in its details why, on what evidence, by which network.

import { DESCRIBED, FAR_FIELD, NEAR_ONLY, UNKNOWN } from "./day.js";
import { byId, el, keepingFocus, put } from "./dom.js";
import { colour } from "./palette.js";
import { clock, duration } from "./time.js";

const percent = (share) => `${Math.round(share * 100)} %`;

let open = false;

// Draw the record of a time: what was thought first, and behind "Details" what only a reader of the
// pipeline asks for. `chosen` is null for the latest record; `release` goes back to it.
export function drawRecord(record, activity, { chosen, pinned }, release) {
  const root = byId("record");
  root.classList.toggle("chosen", pinned);
  keepingFocus(root, () => put(root,
    el("p", { class: "record-time" },
      el("span", {}, record ? `${clock(record.start, true)} – ${clock(record.end, true)}`
        : chosen && clock(chosen, true)),
      el("span", { class: "quiet" }, chosen ? "chosen" : "latest"),
      pinned && releaseButton(release)),
    ...(record ? content(record, activity) : [
      el("h2", {}, "Not recorded"),
      el("p", { class: "quiet" }, "No scenario record holds this time."),
    ])));
}

function releaseButton(release) {
  const button = el("button", {
    type: "button", class: "release", "data-key": "release", "aria-label": "Back to the latest record",
  }, "×");
  button.addEventListener("click", release);
  return button;
}

function content(record, activity) {
  return [
    record.leading
      ? el("h2", {}, chip(record.leading), record.leading)
      : el("h2", {}, record.unknown ? "Unknown" : "No estimate"),
    record.refined?.labels.length ? refined(record.refined) : null,
    block("These 30 seconds", shares(record.local.slice(0, 3))),
    activity && block("Activity", el("p", {}, `${activity.name} `,
      activity.flags & UNKNOWN ? null : el("span", { class: "quiet" }, percent(activity.probability)),
      activity.flags & FAR_FIELD
        ? el("span", { class: "quiet" }, " · far-field sound, audio not used") : null,
      activity.flags & NEAR_ONLY
        ? el("span", { class: "quiet" }, " · far-field sound, near field used") : null),
    described(activity)),
    block("Heard", words(record.sounds, "nothing above the threshold"), spatial(record)),
    details(record),
  ];
}

function details(record) {
  const node = el("details", { class: "details", open },
    el("summary", { "data-key": "details" }, "Details"),
    block("Last 10 minutes", shares(record.smoothed.slice(0, 4))),
    block("Confidence", el("p", {}, `${percent(record.confidence)} of the first estimate`)),
    block("Motion", words(record.motion, "none")),
    block("Coverage", coverage(record)),
    record.missing.length ? block("Missing", el("p", {}, missing(record.missing))) : null,
    record.refined && review(record.refined),
    block("Model", el("p", { class: "quiet revision" }, model(record.model))),
  );
  node.addEventListener("toggle", () => { open = node.open; });
  return node;
}

function chip(name) {
  const node = el("span", { class: "chip", "aria-hidden": "true" });
  node.style.background = colour(name);
  return node;
}

function block(title, ...content) {
  return el("section", {}, el("h3", {}, title), ...content);
}

function shares(ranked) {
  if (!ranked.length) return el("p", { class: "quiet" }, "no estimate");
  return el("ul", { class: "shares-list" }, ranked.map(([name, share]) => {
    const fill = el("span", { class: "share-fill", "aria-hidden": "true" });
    fill.style.width = `${share * 100}%`;
    fill.style.background = colour(name);
    return el("li", {}, el("span", {}, name), el("span", { class: "number" }, percent(share)),
      el("span", { class: "share-room", "aria-hidden": "true" }, fill));
  }));
}

const EXPERT = "offline expert";

// What a refiner is called where its revision does not matter.
export const refinerName = (by) => (by.startsWith(EXPERT) ? EXPERT : by);

function refined({ labels, by, preliminary }) {
  return block("Refined",
    el("p", {}, by.startsWith(EXPERT)
      ? `${labels.join(", ")}, by the ${EXPERT}`
      : `${labels.join(", ")}, by ${by}, a language model`,
    labels.includes(preliminary) ? null
      : el("span", { class: "quiet" }, ` · first estimate: ${preliminary}`)));
}

// Who reviewed and why: revisions, log-odds and budgets.
function review({ labels, by, reason }) {
  return block(labels.length ? "Refined by" : "Not refined",
    el("p", {}, labels.length ? by : "The local estimate stands."),
    reason ? el("p", { class: "quiet reason" }, reason) : null);
}

// A revision names the scenario network, the encoders below it and, where there is one, the wearer's
// own adapter: `NETWORK+ENCODERS+wWINDOWS`.
function model(revision) {
  const [network, encoders, adapter] = revision.split("+");
  return [
    network,
    encoders && `encoders ${encoders}`,
    adapter && `adapted to the wearer in ${adapter.slice(1)} windows`,
  ].filter(Boolean).join(" · ");
}

// Where the closed set was unsure, the descriptions that fit are told; one of them may be the name.
function described({ flags, closed, described: fitting }) {
  const list = (pairs) => pairs.map(([name, share]) => `${name} ${percent(share)}`).join(", ");
  if (flags & UNKNOWN) {
    return el("p", { class: "quiet" }, [`nearest ${list(closed)}`,
      fitting.length ? `by description ${list(fitting)}` : null].filter(Boolean).join(" · "));
  }
  if (!fitting.length) return null;
  return el("p", { class: "quiet" }, flags & DESCRIBED
    ? ["by description", fitting.length > 1 ? `or ${list(fitting.slice(1))}` : null,
      closed.length ? `unsure of ${list(closed)}` : null].filter(Boolean).join(" · ")
    : `unsure · by description ${list(fitting)}`);
}

function words(ranked, nothing) {
  if (!ranked.length) return el("p", { class: "quiet" }, nothing);
  return el("p", {}, ranked.flatMap(([name, share], index) => [
    index ? ", " : "", name, el("span", { class: "quiet" }, ` ${percent(share)}`),
  ]));
}

function spatial({ spatial: ranked }) {
  if (!ranked.length) return null;
  const [name, share] = ranked[0];
  const [direction, distance] = name.split("-");
  return el("p", { class: "quiet" }, `mostly ${distance ?? ""} ${direction} ${percent(share)}`);
}

const MODALITY = { audio: "sound", imu: "motion" };

function coverage({ coverage: shareOf, start, end }) {
  const known = Object.entries(shareOf).map(([name, share]) =>
    `${MODALITY[name] ?? name} ${percent(share)}`);
  return el("p", {}, known.length ? known.join(", ") : "nothing",
    el("span", { class: "quiet" }, ` of ${duration(end - start)}`));
}

const MAX_PARTS = 4;

function missing(parts) {
  const more = parts.length - MAX_PARTS;
  return parts.slice(0, MAX_PARTS).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
