// One 30 s record: its labels and their source; in its details the evidence and the networks.

import { compass } from "./compass.js";
import { CORRECTED, DESCRIBED, FAR_FIELD, NEAR_ONLY, UNKNOWN } from "./day.js";
import { byId, el, keepingFocus, put, svg } from "./dom.js";
import { colour, UNKNOWN as UNKNOWN_SCENARIO } from "./palette.js";
import { onPress, watchingPresses } from "./presses.js";
import { clock, clockSpan, duration } from "./time.js";

// Why there is no record at a time, and what that means.
const NOTHING = {
  paused: ["Paused", "Recording was paused at this time."],
  quiet: ["Quiet hours", "Nothing is recorded in quiet hours."],
  later: ["Not yet recorded", "The log has not reached this time yet."],
  missing: ["Not recorded", "The log has no record of this half minute."],
  nothing: ["Nothing recorded", "The log has no record of this time."],
  coming: ["Loading", "The log of this time is still to come."],
};

const percent = (share) => `${Math.round(share * 100)} %`;

let open = false;

// Draw the record of a time, behind "Details" what only people who know the pipeline need. `whole` is the
// evidence, null until it is loaded; `chosen` is null for the last record in view, which is the latest of
// all where `end` is null; `release` returns to it. `missed` is told of a press that confirms nothing,
// because it was aimed before the record changed.
export function drawRecord(record, activity, whole, { chosen, pinned, end }, {
  release, correct, confirm, confirmActivity, missed, block: around, why,
}) {
  const root = byId("record");
  root.classList.toggle("chosen", pinned);
  root.dataset.state = record && !record.added && !whole ? "loading" : "whole";
  const wearersWord = el("div", { class: "word" }, ...confirmButtons(record, around, confirm, missed),
    correctButton(record, correct));
  keepingFocus(root, () => {
    watchingPresses(root, () => put(root, el("p", { class: "record-time" },
      el("span", {}, record ? `${clock(record.start, true)} – ${clock(record.end, true)}`
        : chosen && clock(chosen, true)),
      el("span", { class: "quiet" }, chosen ? "chosen" : end === null ? "latest" : record ? "last shown" : ""),
      pinned && releaseButton(release)),
    ...(record ? content(record, activity, whole, wearersWord, confirmActivity, missed) : [
      el("h2", {}, NOTHING[why][0]),
      el("p", { class: "quiet" }, NOTHING[why][1]),
      wearersWord,
    ])));
  });
}

// A block that the wearer corrected already needs no confirmation.
function confirmButtons(record, around, confirm, missed) {
  if (!record?.leading) return [];
  const longer = around.start < record.start || around.end > record.end;
  return [
    !record.corrected && confirmButton("right", "y", "That's right", record, () => confirm(record), missed),
    longer && !around.corrected && confirmButton("all-right", "Shift+Y",
      `All of ${clockSpan(around.start, around.end)} is right`, around, () => confirm(around), missed),
  ];
}

function confirmButton(key, shortcut, text, { start, end, labels }, confirm, missed) {
  const button = el("button", {
    type: "button", class: "act", "data-key": key, "aria-keyshortcuts": shortcut,
  }, text);
  onPress(button, [start, end, labels].join(), confirm, missed);
  return button;
}

function releaseButton(release) {
  const button = el("button", {
    type: "button", class: "release", "data-key": "release", "aria-label": "Back to the latest record",
  }, "×");
  button.addEventListener("click", release);
  return button;
}

function correctButton(record, correct) {
  const button = el("button", {
    type: "button", class: "act", "data-key": "correct", "aria-keyshortcuts": "c",
  }, record ? "Correct or note" : "Add a label");
  button.addEventListener("click", correct);
  return button;
}

function content(record, activity, whole, wearersWord, confirmActivity, missed) {
  const evidence = whole?.scenario;
  const doing = whole?.activity;
  return [
    record.leading
      ? el("h2", {}, chip(record.leading), record.labels.join(", "))
      : el("h2", {}, ...record.corrected ? ["Nothing"] : record.unknown ? [chip(UNKNOWN_SCENARIO), UNKNOWN_SCENARIO]
        : ["No estimate"]),
    record.unknown && !record.corrected && !record.leading
      ? el("p", { class: "quiet" }, "Unlike anything that the log knows.") : null,
    // Next to the label: on a phone the rest is out of sight.
    wearersWord,
    record.corrected
      ? block("By the wearer", el("p", {}, evidence?.corrected ? spoken(evidence.corrected) : "corrected",
        evidence?.local.length && !evidence.corrected?.confirmed
          ? el("span", { class: "quiet" }, ` · first estimate: ${evidence.local[0][0]}`) : null))
      : record.refined?.labels.length ? refined(evidence?.refined ?? record.refined) : null,
    evidence ? block("These 30 seconds", shares(evidence.local.slice(0, 3))) : null,
    (doing ?? activity) && block("Activity", el("p", {}, `${activity?.name ?? doing.name} `,
      doing && !(doing.flags & (UNKNOWN | CORRECTED))
        ? el("span", { class: "quiet" }, percent(doing.probability)) : null,
      doing && doing.flags & CORRECTED ? el("span", { class: "quiet" }, "by the wearer") : null,
      doing && doing.flags & FAR_FIELD
        ? el("span", { class: "quiet" }, " · far-field sound, audio not used") : null,
      doing && doing.flags & NEAR_ONLY
        ? el("span", { class: "quiet" }, " · far-field sound, near field used") : null),
    doing ? described(doing) : null,
    activity && !(activity.flags & (UNKNOWN | CORRECTED)) ? el("div", { class: "word" },
      confirmButton("activity-right", "a", `“${activity.name}” is right, ${clock(activity.start, true)}`
        + ` – ${clock(activity.end, true)}`, { ...activity, labels: [activity.name] },
      () => confirmActivity(activity), missed)) : null),
    evidence ? block("Heard", heard(evidence), spatial(evidence)) : null,
    evidence ? details(evidence, doing) : null,
  ];
}

function details(record, activity) {
  const node = el("details", { class: "details", open },
    el("summary", { "data-key": "details" }, "Details"),
    block("Last 10 minutes", shares(record.smoothed.slice(0, 4))),
    block("Confidence", el("p", {}, `${percent(record.confidence)}, that of the first estimate`)),
    Object.keys(record.familiarity).length || activity && Object.keys(activity.familiarity).length
      ? block("Familiarity", familiarity(record, activity)) : null,
    activity ? block("Activities by the closed set", shares(activity.closed)) : null,
    activity?.described.length
      ? block("Activities by description", shares(activity.described)) : null,
    activity?.told.length ? block("Scenario used as input", el("p", {}, activity.told.join(", ")))
      : null,
    activity?.far_field === null || !activity ? null
      : block("Far field", el("p", {}, `${percent(activity.far_field)}, gate ${activity.gate}`)),
    Object.keys(record.places).length ? block("Place of each sound", places(record)) : null,
    record.key_frames.length ? block("Weight of each 2 seconds", keyFrames(record.key_frames)) : null,
    record.picture && block("Sound, lowest at the bottom", shades(record.picture)),
    block("Motion", words(record.motion, "none"), record.moved && moved(record.moved),
      record.activities.length ? everyFive(record.activities) : null),
    record.position ? block("Worn", el("p", {}, worn(record.position))) : null,
    block("Coverage", coverage(record)),
    record.missing.length ? block("Missing", el("p", {}, missing(record.missing))) : null,
    record.refined && review(record.refined),
    block("Model", el("p", { class: "quiet revision" }, model(record.model))),
  );
  node.addEventListener("toggle", () => { open = node.open; });
  return node;
}

// Where the device was worn: declared by it, or inferred from the wearer's steps or the microphones.
function worn({ at, probability, said }) {
  if (said) return `${at}, as the device says`;
  if (at === "unknown") return "unknown, by its wearer's steps";
  return probability === 1 ? `${at}, by its microphones`
    : `${at} ${percent(probability)}, by its wearer's steps`;
}

function familiarity(record, activity) {
  const lines = (of, by) => Object.entries(by).map(([name, share]) =>
    `${of}, ${MODALITY[name] ?? name} ${percent(share)}${share < 0.5 ? " (unfamiliar)" : ""}`);
  return el("p", {}, [...lines("scenario", record.familiarity),
    ...lines("activity", activity?.familiarity ?? {})].join(" · "));
}

// The level of each band in each tenth of a second, as shades of one colour.
function shades({ bands, shades: packed }) {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const steps = bytes.length / bands;
  const canvas = el("canvas", { class: "shades", width: steps, height: bands, role: "img",
    "aria-label": "how loud low and high sounds were in each tenth of a second" });
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(steps, bands);
  for (let step = 0; step < steps; step += 1) {
    for (let band = 0; band < bands; band += 1) {
      const at = 4 * ((bands - 1 - band) * steps + step);
      const shade = bytes[step * bands + band];
      image.data.set([43 + 0.83 * shade, 58 + 0.69 * shade, 103 + 0.26 * shade, 255], at);
    }
  }
  pen.putImageData(image, 0, 0);
  return canvas;
}

// Acceleration beyond gravity, and the rate of rotation, over the half minute.
function moved(traces) {
  return el("div", { class: "traces" }, ...[
    ["acceleration", "m/s² beyond gravity", 2], ["turning", "rad/s", 1],
  ].map(([name, unit, least]) => {
    const values = traces[name];
    const most = Math.max(...values);
    const tall = Math.max(most, least);
    const points = values.map((value, at) =>
      `${((100 * at) / Math.max(1, values.length - 1)).toFixed(1)},${(30 - (29 * value) / tall).toFixed(1)}`);
    const text = `${name} up to ${most.toFixed(1)} ${unit}`;
    return el("figure", {}, svg("svg", { class: "trace", viewBox: "0 0 100 31", role: "img",
      preserveAspectRatio: "none", "aria-label": text },
    svg("polyline", { points: points.join(" ") })), el("figcaption", { class: "quiet" }, text));
  }));
}

// The activity of each five seconds, with equal neighbours merged.
function everyFive(activities) {
  const runs = [];
  for (const [start, name, , unknown] of activities) {
    const label = unknown ? "unknown" : name;
    if (runs.at(-1)?.name !== label) runs.push({ start, name: label });
  }
  return el("ol", { class: "five" }, ...runs.map(({ start, name }) =>
    el("li", {}, el("span", { class: "number quiet" }, clock(start, true)), ` ${name}`)));
}

// The weight of each two seconds in the estimate of the half minute.
function keyFrames(weights) {
  const most = Math.max(...weights, 1e-6);
  const wide = 100 / weights.length;
  return svg("svg", {
    class: "key-frames", viewBox: "0 0 100 24", role: "img", preserveAspectRatio: "none",
    "aria-label": `the most at second ${2 * weights.indexOf(Math.max(...weights))}`,
  }, weights.map((weight, at) => svg("rect", {
    x: at * wide, width: wide * 0.8, y: 24 - (24 * weight) / most, height: (24 * weight) / most,
  })));
}

export function chip(name) {
  const hatched = name === UNKNOWN_SCENARIO;
  const node = el("span", { class: hatched ? "chip hatched" : "chip", "aria-hidden": "true" });
  if (!hatched) node.style.background = colour(name);
  return node;
}

function block(title, ...content) {
  return el("section", {}, el("h3", {}, title), ...content.flat());
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

// The name of a refiner without its revision.
export const refinerName = (by) => (by.startsWith(EXPERT) ? EXPERT : by);

function refined({ labels, by, preliminary }) {
  return block("Refined",
    el("p", {}, by.startsWith(EXPERT)
      ? `${labels.join(", ")}, by the ${EXPERT}`
      : `${labels.join(", ")}, by ${by}, a language model`,
    labels.includes(preliminary) ? null
      : el("span", { class: "quiet" }, ` · first estimate: ${preliminary}`)));
}

// Who refined the record and why: revisions, log-odds and budgets; and a language model's prompt.
function review({ labels, by, reason, asked, tokens }) {
  return block(labels.length ? "Refined by" : "Not refined",
    el("p", {}, labels.length ? by : "The local estimate stands."),
    reason ? el("p", { class: "quiet reason" }, reason) : null,
    asked ? el("details", {}, el("summary", { "data-key": "asked" }, "Its prompt"),
      el("pre", { class: "quiet", tabindex: "0" }, asked),
      el("p", { class: "quiet" }, `It answered ${labels.join(", ")}, in ${tokens} tokens.`)) : null);
}

function spoken({ labels, by, confirmed }) {
  const who = by === "wearer" ? "the wearer" : by;
  return `${labels.join(", ") || "Nothing happened"}, ${confirmed ? "confirmed" : "corrected"} by ${who}`;
}

// A revision names the scenario network, its encoders and, if present, the encoders in eight bits
// (8 digits), an audio tagger (12), the wearer's own adapter and the wearer's corrections:
// `NETWORK+ENCODERS+INT8+TAGGER+wWINDOWS+cHASH`.
function model(revision) {
  const [network, encoders, ...more] = revision.split("+");
  const [int8, tagger, adapter, corrections] = [/^[\da-f]{8}$/, /^[\da-f]{12}$/, /^w\d+$/, /^c[\da-f]{6}$/]
    .map((form) => more.find((part) => form.test(part)));
  return [
    network,
    encoders && `encoders ${encoders}`,
    int8 && `in eight bits ${int8}`,
    tagger && `audio tagger ${tagger}`,
    adapter && `adapted to the wearer in ${adapter.slice(1)} windows`,
    corrections && `corrected by the wearer before ${corrections.slice(1)}`,
  ].filter(Boolean).join(" · ");
}

// If the closed set was uncertain, the best descriptions are listed; one of them may be the name.
function described({ flags, closed, described: every, unsure }) {
  const list = (pairs) => pairs.map(([name, share]) => `${name} ${percent(share)}`).join(", ");
  const [nearest, fitting] = [closed.slice(0, 1), unsure ? every.slice(0, 3) : []];
  if (flags & CORRECTED) return null;
  if (flags & UNKNOWN) {
    return el("p", { class: "quiet" }, [`nearest ${list(nearest)}`,
      fitting.length ? `by description ${list(fitting)}` : null].filter(Boolean).join(" · "));
  }
  if (!fitting.length) return null;
  return el("p", { class: "quiet" }, flags & DESCRIBED
    ? ["by description", fitting.length > 1 ? `or ${list(fitting.slice(1))}` : null,
      nearest.length ? `unsure of ${list(nearest)}` : null].filter(Boolean).join(" · ")
    : `unsure · by description ${list(fitting)}`);
}

function words(ranked, nothing) {
  if (!ranked.length) return el("p", { class: "quiet" }, nothing);
  return el("p", {}, ranked.flatMap(([name, share], index) => [
    index ? ", " : "", name, el("span", { class: "quiet" }, ` ${percent(share)}`),
  ]));
}

// Each sound with its place, one per line if any place is known.
function heard({ sounds, places }) {
  if (!sounds.some(([name]) => places[name]?.words.length)) return words(sounds, "nothing above the threshold");
  return el("ul", { class: "heard" }, sounds.map(([name, share]) => el("li", {}, name,
    el("span", { class: "quiet" }, ` ${percent(share)}`),
    places[name]?.words.length ? el("span", { class: "where" }, places[name].words.join(", ")) : null)));
}

function places({ sounds, places: of }) {
  return el("ul", { class: "places" }, sounds.filter(([name]) => of[name]).map(([name]) => {
    const { near, direction, direction_probability: likely, apart } = of[name];
    const parts = near === null ? ["nothing was localized while it was heard"] : [
      near >= 0.5 ? `near ${percent(near)}` : `far ${percent(1 - near)}`,
      direction ? `${direction} ${percent(likely)}` : "direction open",
      apart && "near and far part heard apart",
    ].filter(Boolean);
    return el("li", {}, name, el("span", { class: "quiet" }, ` ${parts.join(", ")}`));
  }));
}

function spatial({ regions, sounds, places: of }) {
  if (!regions.length) return null;
  const [name, share] = regions[0];
  const [direction, distance] = name.split("-");
  return [
    el("p", { class: "quiet" }, `mostly ${distance ?? ""} ${direction} ${percent(share)}`),
    compass(new Map(regions), sounds.map(([event]) => of[event]?.words.join("-"))),
  ];
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
