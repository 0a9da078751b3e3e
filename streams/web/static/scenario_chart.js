// Row one: the records' labels as a ribbon with names, above each scenario's smoothed probability.

import { curves, GAP as PENDING, runs } from "./day.js";
import { put, set, sized, svg, textWidth } from "./dom.js";
import { byFamily, colour, ink, OTHER, short, UNKNOWN } from "./palette.js";
import { clock, MINUTE, ticks } from "./time.js";

const RIBBON = 30;
const GAP = 11;
const AXIS = 24;
// A scenario that never reaches this probability in view is merged into "others".
const SHOWN = 0.08;
const LINE = 20;
const SEAMED = 4;
const UNWORN = "not recorded";
const WANTED = { paused: "paused", quiet: "quiet hours" };

// `last` is the end of the log; the time after it is not recorded yet.
export function drawScenarios(root, { scenarios, wanted, last, from, to, width, gutter, tall }) {
  const height = RIBBON + GAP + tall + AXIS;
  const x = (at) => gutter + ((at - from) / (to - from)) * (width - gutter);
  const top = RIBBON + GAP;
  const y = (share) => top + (1 - share) * tall;

  const pieces = curves(scenarios, from, to, Math.max(60, (width - gutter) / 3));
  const names = shown(pieces);
  set(root, sized(width, height));
  put(root,
    svg("defs", {}, svg("clipPath", { id: "plot" },
      svg("rect", { x: gutter, y: 0, width: width - gutter, height }))),
    scale(gutter, width, y),
    timeAxis(from, to, x, top, top + tall, width - gutter),
    gaps(pieces, wanted, last, x, from, to, y(0.5)),
    svg("g", { class: "areas", "clip-path": "url(#plot)" }, areas(pieces, names, x, y)),
    svg("g", { class: "ribbon", "clip-path": "url(#plot)" }, ribbon(scenarios, x, from, to)),
    svg("g", { class: "refined" }, refined(scenarios, x, RIBBON + GAP / 2)),
    svg("g", { class: "corrected" }, corrected(scenarios, x, RIBBON + GAP / 2)),
    svg("line", { class: "cursor", y1: 0, y2: top + tall, hidden: "" }),
  );
}

function shown(pieces) {
  const peak = new Map();
  for (const { points } of pieces) {
    for (const { shares } of points) {
      for (const [name, share] of shares) peak.set(name, Math.max(peak.get(name) ?? 0, share));
    }
  }
  return [...peak.keys()].filter((name) => peak.get(name) >= SHOWN).sort(byFamily);
}

function areas(pieces, names, x, y) {
  const drawn = [];
  const labels = [];
  for (const { start, end, points } of pieces) {
    const at = points.map((point) => point.at);
    // The first and last estimates extend to the edges of their records.
    const xs = [x(start), ...at.map(x), x(end)];
    let floor = xs.map(() => 0);
    for (const name of [...names, OTHER]) {
      const share = (point) => (name === OTHER
        ? [...point.shares].reduce((sum, [each, p]) => sum + (names.includes(each) ? 0 : p), 0)
        : point.shares.get(name) ?? 0);
      const values = points.map(share);
      const sizes = [values[0], ...values, values.at(-1)];
      if (Math.max(...sizes) < 0.004) continue;
      const roof = floor.map((value, index) => Math.min(1, value + sizes[index]));
      const up = xs.map((px, index) => `${px.toFixed(1)},${y(roof[index]).toFixed(1)}`);
      const down = xs.map((px, index) => `${px.toFixed(1)},${y(floor[index]).toFixed(1)}`).reverse();
      drawn.push(svg("path", {
        class: "area", "data-name": name, fill: colour(name), d: `M${up.join("L")}L${down.join("L")}Z`,
      }));
      labels.push(areaLabel(name, xs, floor, roof, y));
      floor = roof;
    }
  }
  return [...drawn, ...labels];
}

// The name is placed where its area is high enough over the name's width, else vertically where the
// area is narrow but high, else omitted.
function areaLabel(name, xs, floor, roof, y) {
  const text = short(name);
  const long = textWidth(text, 12, 500) + 14;
  const flat = roomiest(xs, floor, roof, y, long);
  const upright = flat && flat.thick >= LINE ? null : roomiest(xs, floor, roof, y, LINE);
  const place = upright && upright.thick >= long ? upright : flat;
  if (!place || place.thick < LINE) return null;
  const at = `translate(${place.at.toFixed(1)} ${place.middle.toFixed(1)})`;
  return svg("text", {
    class: "area-name", transform: place === upright ? `${at} rotate(-90)` : at,
    fill: ink(colour(name)),
  }, text);
}

// The position at which a box of this width has the most room between the curves.
function roomiest(xs, floor, roof, y, wide) {
  let best = null;
  for (let left = 0, right = 0; left < xs.length; left += 1) {
    while (right < xs.length - 1 && xs[right] - xs[left] < wide) right += 1;
    if (xs[right] - xs[left] < wide) break;
    const ceiling = y(Math.min(...roof.slice(left, right + 1)));
    const ground = y(Math.max(...floor.slice(left, right + 1)));
    if (!best || ground - ceiling > best.thick) {
      best = {
        thick: ground - ceiling,
        at: (xs[left] + xs[right]) / 2,
        middle: (ground + ceiling) / 2,
      };
    }
  }
  return best;
}

function ribbon(scenarios, x, from, to) {
  // A name stands over an unknown half minute within it, as it does over any that is too short to be seen.
  const unknown = runs(scenarios, (record) => !record.leading && record.unknown && UNKNOWN);
  return [...unknown, ...runs(scenarios, (record) => record.leading)].flatMap(({ name, start, end }) => {
    const left = x(Math.max(start, from));
    const wide = x(Math.min(end, to)) - left;
    // Runs that are too narrow for a gap between them keep their exact width.
    const seam = wide >= SEAMED ? 1 : 0;
    const [text, inset] = [[name, 8], [short(name), 8], [short(name), 4]]
      .find(([each, side]) => textWidth(each, 12, 600) + 2 * side <= wide) ?? [];
    return [
      svg("rect", {
        "data-name": name, x: left.toFixed(2), y: 0, width: (wide - seam).toFixed(2),
        height: RIBBON, rx: seam ? Math.min(4, wide / 3).toFixed(1) : 0, fill: colour(name),
      }),
      text && svg("text", {
        class: "ribbon-name", x: (left + inset).toFixed(1), y: RIBBON / 2, fill: ink(colour(name)),
      }, text),
    ].filter(Boolean);
  });
}

function refined(scenarios, x, y) {
  return scenarios.filter(({ refined: answer }) => answer?.labels.length)
    .map(({ start, end }) => svg("circle", { cx: x((start + end) / 2).toFixed(1), cy: y, r: 1.5 }));
}

// A line below what the wearer corrected, a fine one where that confirmed the log.
function corrected(scenarios, x, y) {
  return runs(scenarios.filter((record) => record.corrected), ({ confirmed }) => (confirmed ? "confirmed" : "changed"))
    .map(({ name, start, end }) => svg("line", { class: name, x1: x(start).toFixed(1), x2: x(end).toFixed(1), y1: y, y2: y }));
}

// Gaps that are wide enough are labelled, and intended ones with the reason.
function gaps(pieces, wanted, last, x, from, to, middle) {
  const edges = [from, ...pieces.flatMap(({ start, end }) => [start, end]), to];
  const open = edges.flatMap((edge, index) => (index % 2 ? [] : parted(edge, edges[index + 1], wanted)));
  return svg("g", { class: "gaps" }, open.map(({ start, end, why }) => {
    const [left, right] = [x(start), x(why ? end : Math.min(end, last))];
    // The scenario of the last activities is still to come.
    const pending = !why && Math.min(end, last) - start <= PENDING;
    if (pending || !(right - left >= LINE)) return null;
    const text = why ? WANTED[why] : UNWORN;
    const at = `translate(${((left + right) / 2).toFixed(1)} ${middle.toFixed(1)})`;
    const flat = right - left >= textWidth(text) + 12;
    return svg("text", { transform: flat ? at : `${at} rotate(-90)`, "text-anchor": "middle" }, text);
  }));
}

// Split a gap into its intended and its unintended parts.
function parted(start, end, wanted) {
  const parts = [];
  let at = start;
  for (const [first, past, why] of wanted) {
    const [left, right] = [Math.max(first, at), Math.min(past, end)];
    if (left >= right) continue;
    if (left > at) parts.push({ start: at, end: left });
    parts.push({ start: left, end: right, why });
    at = right;
  }
  return at < end ? [...parts, { start: at, end }] : parts;
}

function scale(gutter, width, y) {
  if (!gutter) return null;
  return svg("g", { class: "scale" }, [0, 0.5, 1].map((share) => svg("text", {
    x: gutter - 10, y: y(share), "text-anchor": "end",
  }, `${share * 100} %`)));
}

export function timeAxis(from, to, x, top, bottom, room) {
  const { step, at } = ticks(from, to, Math.max(2, Math.floor(room / 80)));
  return svg("g", { class: "axis" }, at.flatMap((time) => {
    const px = x(time);
    return [
      svg("line", { x1: px, x2: px, y1: top, y2: bottom + 4 }),
      svg("text", {
        x: px, y: bottom + 18,
        "text-anchor": px - x(from) < 16 ? "start" : x(to) - px < 16 ? "end" : "middle",
      }, clock(time, step < MINUTE)),
    ];
  }), svg("line", { class: "base", x1: x(from), x2: x(to), y1: bottom, y2: bottom }));
}
