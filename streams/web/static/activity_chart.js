// Row two: a lane for each activity on the scenarios' time axis, and the bars of EgoLog §5.5.

import { byId, el, set, sized, svg, textWidth } from "./dom.js";
import { duration } from "./time.js";

const LEVELS = 5;

export function drawLanes(root, { activities, totals, from, to, width, gutter }) {
  const lane = gutter ? 19 : 32;
  const bar = gutter ? 13 : 12;
  const x = (at) => gutter + ((at - from) / (to - from)) * (width - gutter);
  const height = Math.max(1, totals.length) * lane;
  const rows = new Map(totals.map(({ name }, index) => [name, index]));
  const places = Math.max(60, Math.floor((width - gutter) / 2));

  set(root, sized(width, height));
  root.replaceChildren(
    ...totals.map(({ name }, index) => {
      const top = index * lane + (lane - bar) / (gutter ? 2 : 1);
      return svg("g", { class: "lane", "data-name": name },
        svg("rect", { class: "ground", x: gutter, y: top, width: width - gutter, height: bar, rx: 2 }),
        svg("text", gutter
          ? { x: gutter - 10, y: top + bar / 2, "text-anchor": "end" }
          : { x: 0, y: top - 10 }, name));
    }),
    ...heat(activities, rows, from, to, places).map(({ row, level, pieces }) => {
      const top = row * lane + (lane - bar) / (gutter ? 2 : 1);
      const d = pieces.map(([start, end]) => {
        const left = x(start);
        const wide = Math.max(1, x(end) - left);
        return `M${left.toFixed(1)},${top}h${wide.toFixed(1)}v${bar}h${(-wide).toFixed(1)}z`;
      });
      return svg("path", { class: `heat heat-${level}`, d: d.join("") });
    }),
    svg("line", { class: "cursor", y1: 0, y2: height, hidden: "" }),
  );
}

// How much of each point on the axis an activity fills, in a few levels, with equal neighbours merged.
function heat(activities, rows, from, to, places) {
  const width = (to - from) / places;
  const filled = [...rows].map(() => new Float64Array(places));
  for (const { name, start, end } of activities) {
    const row = filled[rows.get(name)];
    const [begin, stop] = [Math.max(start, from), Math.min(end, to)];
    for (let place = Math.floor((begin - from) / width); place < places; place += 1) {
      const [left, right] = [from + place * width, from + (place + 1) * width];
      if (left >= stop) break;
      row[place] += (Math.min(right, stop) - Math.max(left, begin)) / width;
    }
  }
  const paths = new Map();
  filled.forEach((row, index) => {
    let open = null;
    for (let place = 0; place <= places; place += 1) {
      const share = place < places ? row[place] : 0;
      const level = share > 0.02 ? Math.min(LEVELS, Math.max(1, Math.round(share * LEVELS))) : 0;
      if (open && open.level === level) {
        open.piece[1] = from + (place + 1) * width;
        continue;
      }
      open = null;
      if (!level) continue;
      const key = `${index}/${level}`;
      const path = paths.get(key) ?? { row: index, level, pieces: [] };
      paths.set(key, path);
      open = { level, piece: [from + place * width, from + (place + 1) * width] };
      path.pieces.push(open.piece);
    }
  });
  return [...paths.values()];
}

// Below this width names do not fit under vertical bars, so the bars are horizontal.
const BAR_NAME = 56;
const BAR_GAP = 8;

export function drawBars(totals, width) {
  const needed = Math.max(BAR_NAME, ...totals.map(({ time }) => textWidth(duration(time))));
  const lying = width / Math.max(1, totals.length) < needed + BAR_GAP;
  byId("bars").classList.toggle("lying", lying);
  const all = totals.reduce((sum, { time }) => sum + time, 0) || 1;
  const most = Math.max(...totals.map(({ time }) => time), 1);
  byId("bars").replaceChildren(...totals.map(({ name, time }) => {
    const bar = el("span", { class: "bar-fill", "aria-hidden": "true" });
    bar.style.setProperty("--share", time / most);
    const share = (time / all) * 100;
    return el("li", { title: `${name}: ${Math.round(time / 5000)} times 5 s` },
      el("span", { class: "bar-room" },
        el("span", { class: "bar-share" }, share >= 0.95 ? `${Math.round(share)} %` : "< 1 %"), bar),
      el("span", { class: "bar-name" }, name),
      el("span", { class: "bar-time" }, duration(time)));
  }));
}
