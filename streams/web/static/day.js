// The loaded log of one device, and the queries of its charts.

import { MINUTE } from "./time.js";

// Records further apart than this are a gap, not a change.
export const GAP = 90 * 1000;

export const FAR_FIELD = 1;
export const INPUT_MISSING = 2;
export const DESCRIBED = 4;
export const UNKNOWN = 8;
export const NEAR_ONLY = 16;
export const CORRECTED = 32;
export const CONFIRMED = 64;

const HOUR = 3_600_000;

export class Day {
  constructor() {
    this.revision = 0;
    this.first = null;
    this.last = null;
    this.hours = new Map();
    this.scenarios = [];
    this.activities = [];
    this.corrections = [];
    this.wanted = [];
  }

  // Merge a response of /api/v1/hours; return whether something changed.
  merge(answer) {
    // Incomplete responses are followed by another request.
    if (answer.complete) this.revision = answer.revision;
    this.first = Math.floor(answer.first_ns / 1e6);
    this.last = Math.ceil(answer.last_ns / 1e6);
    if (answer.corrections) this.corrections = answer.corrections;
    const before = this.wanted;
    this.wanted = answer.wanted;
    // An ongoing pause is a minute longer in each response, without any other change.
    if (!answer.hours.length) return before.length !== this.wanted.length;
    for (const hour of answer.hours) this.hours.set(hour.hour, expanded(hour));
    for (const hour of this.hours.keys()) {
      if (hour + HOUR <= this.first) this.hours.delete(hour);
    }
    const hours = [...this.hours].sort(([a], [b]) => a - b).map(([, each]) => each);
    this.scenarios = hours.flatMap(({ scenarios }) => scenarios);
    this.activities = hours.flatMap(({ activities }) => activities);
    return true;
  }

  // Why recording was off at a time; undefined if it was on.
  wantedAt(at) {
    return this.wanted.find(([start, end]) => start <= at && at < end)?.[2];
  }

  within(from, to) {
    const inside = (record) => record.end > from && record.start < to;
    return { scenarios: this.scenarios.filter(inside), activities: this.activities.filter(inside) };
  }
}

// The records of an hour, which is sent as compact columns.
function expanded({ hour, scenarios, smoothed, activities, added, networks, names }) {
  const span = (start, lasts) => ({ start: hour + start * 1000, end: hour + (start + lasts) * 1000 });
  const model = (start) => networks.findLast(([since]) => since <= start)?.[1] ?? "";
  const spoken = (row) => added.filter(([each]) => each === row);
  const ordered = (records) => records.sort((a, b) => a.start - b.start);
  const shares = Object.entries(smoothed);
  return {
    scenarios: ordered([
      ...rows(scenarios).map(([start, lasts, leading, confidence, flags, by, also], at) => {
        const labels = leading < 0 ? [] : [leading, ...also].map((each) => names[each]);
        return {
          ...span(start, lasts),
          leading: labels[0] ?? "",
          labels,
          confidence: confidence / 100,
          unknown: Boolean(flags & UNKNOWN),
          corrected: Boolean(flags & CORRECTED),
          confirmed: Boolean(flags & CONFIRMED),
          refined: by < 0 ? null : { labels, by: names[by] },
          smoothed: shares.filter(([, percent]) => percent[at])
            .map(([name, percent]) => [names[name], percent[at] / 100]).sort(([, a], [, b]) => b - a),
          model: model(start),
        };
      }),
      ...spoken(0).map(([, start, lasts, name]) => ({
        ...span(start, lasts), leading: names[name], labels: [names[name]], confidence: 1,
        unknown: false, corrected: true,
        added: true, refined: null, smoothed: [[names[name], 1]], model: model(start),
      })),
    ]),
    activities: ordered([
      ...rows(activities).map(([start, lasts, name, flags]) => ({
        ...span(start, lasts), name: names[name], flags,
      })),
      ...spoken(1).map(([, start, lasts, name]) => ({
        ...span(start, lasts), name: names[name], flags: CORRECTED, added: true,
      })),
    ]),
  };
}

// Columns [seconds since the previous end, seconds, ...] as rows [start, seconds, ...].
function rows([pauses = [], lasts, ...columns]) {
  let end = 0;
  return pauses.map((pause, at) => {
    const start = end + pause;
    end = start + lasts[at];
    return [start, lasts[at], ...columns.map((column) => column[at])];
  });
}

// Neighbours with the same label merged into runs, which gaps interrupt.
export function runs(records, label) {
  const spans = [];
  for (const record of records) {
    const name = label(record);
    const last = spans.at(-1);
    if (last && last.name === name && record.start - last.end <= GAP) last.end = record.end;
    else if (name) spans.push({ name, start: record.start, end: record.end });
  }
  return spans;
}

// Milliseconds by name within the span, the longest first.
export function totals(records, label, from, to) {
  const sums = new Map();
  for (const record of records) {
    const name = label(record);
    if (!name) continue;
    const entry = sums.get(name) ?? { name, time: 0, count: 0 };
    entry.time += Math.min(record.end, to) - Math.max(record.start, from);
    entry.count += 1;
    sums.set(name, entry);
  }
  return [...sums.values()].sort((a, b) => b.time - a.time || (a.name < b.name ? -1 : 1));
}

// The name by which an activity is counted, or an empty one if it is unknown.
export const known = ({ name, flags }) => (flags & UNKNOWN ? null : name);

// The smoothed probabilities as points for at most `most` places, in pieces without gaps.
export function curves(scenarios, from, to, most) {
  const width = Math.max((to - from) / most, 1);
  const pieces = [];
  let piece = null;
  let bin = null;
  const close = () => {
    if (bin) piece.points.push({ at: bin.at / bin.count, shares: bin.sums, count: bin.count });
    bin = null;
  };
  for (const record of scenarios) {
    if (!piece || record.start - piece.end > GAP) {
      if (piece) close();
      piece = { start: record.start, end: record.end, points: [] };
      pieces.push(piece);
    }
    const slot = Math.floor((record.start - from) / width);
    if (bin && bin.slot !== slot) close();
    bin ??= { slot, at: 0, count: 0, sums: new Map() };
    bin.at += (record.start + record.end) / 2;
    bin.count += 1;
    for (const [name, share] of record.smoothed) {
      bin.sums.set(name, (bin.sums.get(name) ?? 0) + share);
    }
    piece.end = Math.max(piece.end, record.end);
  }
  if (piece) close();
  for (const { points } of pieces) {
    for (const point of points) {
      const total = [...point.shares.values()].reduce((a, b) => a + b, 0) || 1;
      for (const [name, share] of point.shares) point.shares.set(name, share / total);
    }
  }
  return pieces;
}

// The number of records by refiner, the busiest first; `name` names a refiner.
export function refiners(scenarios, name) {
  const counts = new Map();
  for (const { refined } of scenarios) {
    if (!refined?.labels.length) continue;
    const by = name(refined.by);
    counts.set(by, (counts.get(by) ?? 0) + 1);
  }
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

// The scenario network of the last record, and the start of its current period of use.
export function network(scenarios) {
  const name = (record) => record.model.split("+")[0];
  const last = scenarios.at(-1);
  if (!last) return null;
  let first = scenarios.length - 1;
  while (first > 0 && name(scenarios[first - 1]) === name(last)) first -= 1;
  return { name: name(last), since: first ? scenarios[first].start : null };
}

// The index of the last record that starts at or before a time; -1 before the first.
export function indexAt(records, at) {
  let [low, high] = [0, records.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (records[middle].start <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

// The record that holds a time; undefined in a gap.
export function recordAt(records, at) {
  const record = records[indexAt(records, at)];
  return record && record.end > at ? record : undefined;
}

// The run of equal records that ends with the last one; null if the last one is not recent.
export function current(scenarios) {
  const run = runs(scenarios, (record) => record.leading).at(-1);
  return run && scenarios.at(-1).end - run.end < MINUTE ? run : null;
}
