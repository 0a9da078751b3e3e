// The legend of the scenarios in view: how long each was, and which is shown alone.

import { byId, el, keepingFocus } from "./dom.js";
import { byFamily, short } from "./palette.js";
import { chip } from "./record.js";
import { duration } from "./time.js";
import { state } from "./view.js";

export function drawLegend(byScenario) {
  const ordered = byScenario.sort((a, b) => b.time - a.time || byFamily(a.name, b.name));
  keepingFocus(byId("legend"), (list) => list.replaceChildren(...ordered
    .map(({ name, time }) => {
      const button = el("button", {
        type: "button", "data-key": name, "aria-pressed": state.focus === name,
        title: `Show ${short(name)} alone`,
      }, chip(name), el("span", {}, name), el("span", { class: "number" }, duration(time)));
      button.addEventListener("click", () => {
        state.focus = state.focus === name ? null : name;
        drawLegend(byScenario);
        drawFocus();
        show(byId("scenarios"));
      });
      return el("li", {}, button);
    })));
}

// On a phone the chart is out of sight when the legend is tapped, so scroll to it.
function show(chart) {
  const { top, bottom } = chart.getBoundingClientRect();
  if (bottom < 0 || top > window.innerHeight) chart.scrollIntoView({ block: "start" });
}

export function drawFocus() {
  const chart = byId("scenarios");
  chart.classList.toggle("focused", state.focus !== null);
  for (const shape of chart.querySelectorAll("[data-name]")) {
    shape.classList.toggle("in-focus", shape.dataset.name === state.focus);
  }
}
