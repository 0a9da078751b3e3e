// A week or a month: a timeline and totals for each day.

import * as api from "./api.js";
import { byId, el, keepingFocus, put, sized, svg, textWidth } from "./dom.js";
import { NOTHING } from "./headline.js";
import { colour, ink, short } from "./palette.js";
import { clockChange, clockTime, dayName, duration, HOUR, midnight, zoneName } from "./time.js";
import { state } from "./view.js";

const DAY = 24 * HOUR;
const HEIGHT = 22;
const ROWS = 12;
const NAMED_HOURS = [6, 12, 18];
const NARROW = 278;

export class Days {
  constructor() {
    this.revision = 0;
    this.hours = new Map();
    this.first = null;
    this.last = null;
  }

  // Merge a response of /api/v1/hours?detail=brief; return whether something changed.
  merge(answer) {
    if (answer.complete) this.revision = answer.revision;
    this.first = Math.floor(answer.first_ns / 1e6);
    this.last = Math.ceil(answer.last_ns / 1e6);
    for (const hour of answer.hours) this.hours.set(hour.hour, hour);
    return answer.hours.length > 0;
  }

  // One entry per day from `from` to `to`: its runs, and milliseconds by name of each row.
  list(from, to) {
    const days = [];
    for (let start = from; start < to; start = midnight(start, 1)) {
      days.push(this.day(start, midnight(start, 1)));
    }
    return days;
  }

  day(start, end) {
    const runs = [];
    const [scenarios, activities] = [new Map(), new Map()];
    let recorded = 0;
    const hours = [...this.hours.values()].filter(({ hour }) => hour + HOUR > start && hour < end);
    for (const hour of hours.sort((a, b) => a.hour - b.hour)) {
      for (const [at, lasts, name] of hour.runs) {
        const [left, right] = [hour.hour + at * 1000, hour.hour + (at + lasts) * 1000];
        const [first, past] = [Math.max(left, start), Math.min(right, end)];
        if (first >= past) continue;
        const last = runs.at(-1);
        if (last && last.name === hour.names[name] && first - last.end <= 90_000) last.end = past;
        else runs.push({ name: hour.names[name], start: first, end: past });
        add(scenarios, hour.names[name], past - first);
      }
      // An hour that spans midnight, as in a few zones, counts for the day on which it begins.
      if (hour.hour < start) continue;
      for (const [name, lasts] of hour.activities) add(activities, hour.names[name], lasts * 1000);
      recorded += hour.recorded * 1000;
    }
    return { start, end, runs, scenarios, activities, recorded };
  }
}

const add = (sums, name, time) => sums.set(name, (sums.get(name) ?? 0) + time);

const longest = (sums) => [...sums].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));

// Draws a week or a month of `state`; `go` changes to another span.
export function draw(days, { from, to, width, coming }, go) {
  byId("as-csv").href = api.spanAddress(state.device, from, to, "csv");
  byId("as-json").href = api.spanAddress(state.device, from, to, "jsonl");
  byId("as-ics").href = api.calendarAddress(state.device, from, to, zoneName());
  // It describes a single day.
  byId("foot-details").hidden = true;
  drawDays(days, width, addressOf, ({ start, end }) => {
    go({ span: "day", end: end > state.days.last && start < state.days.last ? null : end });
    // As a link does: its line may be far below the day's beginning.
    window.scrollTo(0, 0);
  });
  const recorded = days.reduce((sum, day) => sum + day.recorded, 0);
  byId("date").textContent = state.span === "week"
    ? `${dayName(from).replace(/ \d+$/, "")} to ${dayName(to - 1)}`
    : dayName(from, { month: "long", year: "numeric" });
  if (!coming) {
    byId("headline").textContent = recorded ? `${duration(recorded)} recorded` : NOTHING;
    byId("detail").textContent = `on ${days.filter((day) => day.recorded).length} of ${days.length} days`;
  } else {
    // The newest hours come first: a sum of them is not yet that of the days.
    byId("headline").textContent = `At least ${duration(recorded)} recorded`;
    byId("detail").textContent = "the hours before are still being read";
  }
}

const addressOf = ({ end }) => `?${new URLSearchParams({ device: state.device, end })}`;

function drawDays(days, width, address, go) {
  // On a narrow page a day's name stands above its line.
  const gutter = width < NARROW ? 0 : 104;
  put(byId("days-hours"), ...hours(Math.max(60, width - gutter), gutter));
  keepingFocus(byId("days-list"), (list) => put(list, ...days.map((day) => row(day, width, gutter, address, go))));
  drawTrend(byId("trend-scenarios"), days, (day) => day.scenarios, colour);
  drawTrend(byId("trend-activities"), days, (day) => day.activities, () => null);
}

// The hours of the lines through all days.
function hours(room, gutter) {
  return [svg("svg", sized(room + gutter, 16, -gutter),
    NAMED_HOURS.map((hour) => svg("text", { x: (room * hour) / 24, y: 8, "text-anchor": "middle" },
      `${String(hour).padStart(2, "0")}:00`)))];
}

// Where runs lie on a line of 24 hours by the clock, in milliseconds of it. A day of 23 hours has a
// hole there, and one of 25 hours has one of them twice.
function onTheClock({ start, end, runs }) {
  const change = end - start === DAY ? null : clockChange(start, end);
  return runs.flatMap(({ name, start: first, end: past }) => {
    const within = change !== null && first < change && change < past;
    const parts = within ? [[first, change], [change, past]] : [[first, past]];
    return parts.map(([from, to]) => {
      const left = end - start === DAY ? from - start : clockTime(from);
      return { name, left, right: left + to - from };
    });
  });
}

function row(day, width, gutter, address, go) {
  const room = Math.max(60, width - gutter);
  const x = (time) => (time / DAY) * room;
  const runs = onTheClock(day);
  const most = longest(day.scenarios).slice(0, 3)
    .map(([name, time]) => `${name} ${duration(time)}`).join(", ");
  const name = dayName(day.start, { weekday: "short", day: "numeric", month: "short" });
  const line = svg("svg", {
    ...sized(room, HEIGHT), "aria-hidden": "true",
  }, svg("rect", { class: "ground", width: room, height: HEIGHT, rx: 3 }),
  NAMED_HOURS.map((hour) => svg("line", {
    class: "hour", x1: (room * hour) / 24, x2: (room * hour) / 24, y1: 0, y2: HEIGHT })),
  runs.map((run) => svg("rect", {
    x: x(run.left).toFixed(1), width: Math.max(0.5, x(run.right) - x(run.left)).toFixed(1),
    height: HEIGHT, fill: colour(run.name) })),
  runs.filter((run) => x(run.right) - x(run.left) >= textWidth(short(run.name), 11, 600) + 4)
    .map((run) => svg("text", { x: ((x(run.left) + x(run.right)) / 2).toFixed(1), y: HEIGHT / 2,
      "text-anchor": "middle", fill: ink(colour(run.name)) }, short(run.name))));
  const link = el("a", { href: address(day), "data-key": day.start, "aria-label": `${dayName(day.start)}: ${most || "nothing recorded"}` },
    el("span", { class: "day-name" }, name), line);
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(day);
  });
  return el("li", {}, link);
}

// The duration of each by day, the longest first.
function drawTrend(root, days, sums, fill) {
  const total = new Map();
  for (const day of days) for (const [name, time] of sums(day)) add(total, name, time);
  const names = longest(total).slice(0, ROWS);
  const most = Math.max(1, ...days.flatMap((day) => [...sums(day).values()]));
  const wide = 100 / days.length;
  put(root, ...names.map(([name, time]) => el("li", {},
    el("span", { class: "trend-name" }, name),
    svg("svg", { class: "trend-bars", viewBox: "0 0 100 20", preserveAspectRatio: "none", "aria-hidden": "true" },
      days.flatMap((day, at) => {
        const high = (20 * (sums(day).get(name) ?? 0)) / most;
        const x = { x: at * wide, width: wide * 0.85 };
        return [svg("rect", { ...x, class: "ground", height: 20 }),
          svg("rect", { ...x, y: 20 - high, height: high, fill: fill(name) })];
      })),
    el("span", { class: "number" }, duration(time)))));
}

