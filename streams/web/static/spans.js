// Where the buttons and keys of time lead from the span that is drawn: changes of the view.

import { LONGEST, SHORTEST } from "./address.js";
import { firstOfMonth, midnight } from "./time.js";
import { shown, state } from "./view.js";

// Null where there is no wider span.
export function zoomed({ from, to }, share) {
  if (share > 1 && state.span === "day") return null;
  const span = Math.max(SHORTEST, Math.round((to - from) * share));
  if (span >= LONGEST) return { span: "day" };
  const middle = state.chosen ?? to;
  const end = Math.round(Math.min(to, Math.max(from + span, middle + span / 2)));
  const { chosen, pinned } = state;
  return { span, end: end >= state.day.last && state.end === null ? null : end, chosen, pinned };
}

export function stepped({ from, to }, direction) {
  const { last } = shown();
  const past = (end) => (end > last ? null : end);
  if (state.span === "day") {
    return { end: past(midnight((state.end ?? last) - 1, direction > 0 ? 2 : 0)) };
  }
  if (state.span === "week") return { end: past(midnight(to - 1, 1 + 7 * direction)) };
  if (state.span === "month") return { end: past(firstOfMonth(from, 1 + direction)) };
  const end = direction > 0 ? to + state.span : from;
  return { end: end >= state.day.last ? null : end };
}
