// Row one: who leads, as a ribbon with names, over every scenario's smoothed probability.

import { curves, runs } from "./day.js";
import { svg, textWidth } from "./dom.js";
import { byFamily, colour, ink, OTHER, short } from "./palette.js";
import { clock, MINUTE, ticks } from "./time.js";

const RIBBON = 30;
const GAP = 8;
const AXIS = 24;
// A scenario that never reaches this share of the view joins the others.
const SHOWN = 0.08;

export function drawScenarios(root, { scenarios, from, to, width, gutter, tall }) {
  const height = RIBBON + GAP + tall + AXIS;
  const x = (at) => gutter + ((at - from) / (to - from)) * (width - gutter);
  const top = RIBBON + GAP;
  const y = (share) => top + (1 - share) * tall;

  const pieces = curves(scenarios, from, to, Math.max(60, (width - gutter) / 3));
  const names = shown(pieces);
  root.setAttribute("viewBox", `0 0 ${width} ${height}`);
  root.setAttribute("width", width);
  root.setAttribute("height", height);
  root.replaceChildren(
    svg("defs", {}, svg("clipPath", { id: "plot" },
      svg("rect", { x: gutter, y: 0, width: width - gutter, height }))),
    scale(gutter, width, y),
    timeAxis(from, to, x, top, top + tall, width - gutter),
    svg("g", { class: "areas", "clip-path": "url(#plot)" }, areas(pieces, names, x, y)),
    svg("g", { class: "ribbon", "clip-path": "url(#plot)" }, ribbon(scenarios, x, from, to)),
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
    // The first and last estimate hold to the edges of their records.
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

// The name goes where its area is thick over the name's whole width; nowhere if it is nowhere.
function areaLabel(name, xs, floor, roof, y) {
  const text = short(name);
  const need = textWidth(text, 12, 500) + 14;
  let best = null;
  for (let left = 0, right = 0; left < xs.length; left += 1) {
    while (right < xs.length - 1 && xs[right] - xs[left] < need) right += 1;
    if (xs[right] - xs[left] < need) break;
    const ceiling = Math.min(...roof.slice(left, right + 1));
    const ground = Math.max(...floor.slice(left, right + 1));
    const thick = y(ground) - y(ceiling);
    if (!best || thick > best.thick) {
      best = { thick, at: (xs[left] + xs[right]) / 2, middle: (y(ground) + y(ceiling)) / 2 };
    }
  }
  if (!best || best.thick < 20) return null;
  return svg("text", {
    class: "area-name", x: best.at.toFixed(1), y: best.middle.toFixed(1), fill: ink(colour(name)),
  }, text);
}

function ribbon(scenarios, x, from, to) {
  return runs(scenarios, (record) => record.leading).flatMap(({ name, start, end }) => {
    const left = x(Math.max(start, from));
    const wide = Math.max(1, x(Math.min(end, to)) - left);
    const text = [name, short(name)].find((each) => textWidth(each, 12, 600) + 16 <= wide);
    return [
      svg("rect", {
        "data-name": name, x: left.toFixed(1), y: 0, width: Math.max(1, wide - 1).toFixed(1),
        height: RIBBON, rx: Math.min(4, wide / 3).toFixed(1), fill: colour(name),
      }),
      text && svg("text", {
        class: "ribbon-name", x: (left + 8).toFixed(1), y: RIBBON / 2, fill: ink(colour(name)),
      }, text),
    ].filter(Boolean);
  });
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
