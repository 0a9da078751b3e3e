// Blocks of a drawn row: what a correction and a confirmation are about.

import { runs } from "./day.js";

// The block of a row at a time, or the gap around it if nothing was recorded.
export function blockAt(drawn, row, at) {
  const [records, label] = row === "scenario"
    ? [drawn.scenarios, (each) => each.leading] : [drawn.activities, (each) => each.name];
  const block = runs(records, label).find(({ start, end }) => start <= at && at < end);
  if (block) return { row, start: block.start, end: block.end, label: block.name, also: alsoOf(drawn, row, block) };
  const before = records.findLast(({ end }) => end <= at);
  const after = records.find(({ start }) => start > at);
  return { row, start: Math.max(drawn.from, before?.end ?? 0), label: "",
    end: Math.min(drawn.to, after?.start ?? Infinity) };
}

// The second label that all records of a scenario block share.
function alsoOf(drawn, row, { start, end }) {
  if (row !== "scenario") return "";
  const [first, ...rest] = drawn.scenarios.filter((each) => each.end > start && each.start < end && each.leading);
  const also = first?.labels[1] ?? "";
  return rest.every(({ labels }) => labels[1] === also) ? also : "";
}

// The scenario block at a time; `corrected` if the wearer has corrected all of it.
export function confirmable(drawn, at) {
  const block = blockAt(drawn, "scenario", at);
  const inside = drawn.scenarios.filter(({ start, end }) => end > block.start && start < block.end);
  return { ...block, labels: [block.label], corrected: inside.every(({ leading, corrected }) => !leading || corrected) };
}
