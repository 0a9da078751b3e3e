// The keys of the charts: they choose, confirm, correct and zoom.

import { indexAt } from "./day.js";
import { byId } from "./dom.js";
import { isLong, state } from "./view.js";

const CONFIRMED_BY = { y: "right", Y: "all-right", a: "activity-right" };

export function steerByKey(rows, { drawn, choose, openForm, zoom }) {
  rows.addEventListener("keydown", (event) => {
    const scenarios = drawn()?.scenarios ?? [];
    if (!scenarios.length || isLong()) return;
    const last = scenarios.length - 1;
    const index = state.chosen === null ? last : Math.max(0, indexAt(scenarios, state.chosen));
    const moves = {
      ArrowLeft: index - 1, ArrowDown: index - 1, ArrowRight: index + 1, ArrowUp: index + 1,
      PageDown: index - 10, PageUp: index + 10, Home: 0, End: last,
    };
    if (event.key === "Escape") choose(null, false);
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === "c") openForm();
    else if (event.key in CONFIRMED_BY) confirm(CONFIRMED_BY[event.key]);
    else if (event.key === "+") zoom(0.5);
    else if (event.key === "-") zoom(2);
    else if (event.key in moves) {
      const record = scenarios[Math.min(last, Math.max(0, moves[event.key]))];
      choose((record.start + record.end) / 2, true);
    } else return;
    event.preventDefault();
  });
}

function confirm(what) {
  byId("record").querySelector(`[data-key=${what}]`)?.click();
}
