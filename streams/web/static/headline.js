// What a day's headline says, and the line below it.

import { current, known, totals } from "./day.js";
import { refinerName } from "./record.js";
import { clock, duration } from "./time.js";

export const NOTHING = "Nothing recorded here";

export function presentWords(scenarios, activities) {
  const run = current(scenarios);
  if (!run) return noName(scenarios, activities);
  const last = scenarios.findLast(({ leading }) => leading);
  const [doing] = totals(activities.filter(({ end }) => end > run.start), known,
    run.start, run.end);
  return [`${run.name}, ${duration(run.end - run.start)}`, [
    `Since ${clock(run.start)}`,
    last.confirmed ? "confirmed by the wearer" : last.corrected ? "corrected by the wearer" : last.refined?.labels.length ? `refined by ${refinerName(last.refined.by)}` : sureness(last),
    doing && `mostly ${doing.name}`,
  ].filter(Boolean).join(" · ")];
}

const sureness = ({ confidence }) => `${Math.round(confidence * 100)} % sure`;

// The first half minute's activities are there before its scenario.
const noName = (scenarios, activities) =>
  [scenarios.length || activities.length ? "No clear scenario" : NOTHING, ""];

export function pastWords(byScenario, scenarios, activities) {
  const [first, ...rest] = byScenario;
  if (!first) return noName(scenarios, activities);
  const others = rest.slice(0, 2).map(({ name, time }) => `${name} ${duration(time)}`);
  return [`Mostly ${first.name}, ${duration(first.time)}`, others.join(" · ")];
}
