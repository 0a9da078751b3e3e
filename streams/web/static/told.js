// Who is told of what, with a test of each target and what was told.

import * as api from "./api.js";
import { el, put } from "./dom.js";
import { clock, dayName } from "./time.js";

const SHOWN = 10;

export async function draw(room) {
  try {
    const { rules, targets, history } = await api.notifications();
    put(room, ...(targets.length ? [
      el("ul", {}, ...rules.map(rule)), el("ul", {}, ...targets.map(target)), ...told(history),
    ] : [el("p", {}, "Nobody is told of anything: ", el("code", {}, "EGOLOG_NOTIFICATIONS"), " names no rules.")]));
  } catch (error) {
    put(room, el("p", { class: "problem", role: "alert" }, words(error)));
  }
}

const rule = ({ name, when, tells, device }) => el("li", {}, el("strong", {}, name),
  ` tells ${tells.join(", ")} when ${when}${device ? `, of ${device}` : ""}`);

function target({ name, kind, address }) {
  const button = el("button", { type: "button", class: "act", "aria-label": `Test ${name}` }, "Test");
  const outcome = el("span", { role: "status" });
  button.addEventListener("click", async () => {
    button.disabled = true;
    outcome.textContent = " asking";
    try {
      const { sent, error } = await api.testTarget(name);
      outcome.textContent = sent ? " was told" : ` was not told: ${error}`;
    } catch (error) {
      outcome.textContent = ` ${words(error)}`;
    }
    button.disabled = false;
  });
  return el("li", {}, button, el("strong", {}, ` ${name}`), ` ${kind}, ${address}`, outcome);
}

function told(history) {
  if (!history.length) return [el("p", {}, "Nothing was told yet.")];
  return [el("ol", {}, ...history.slice(0, SHOWN).map(({ at, text, targets }) => {
    const ms = Date.parse(at);
    const states = Object.entries(targets).map(([name, { state }]) => `${name} ${state}`);
    return el("li", {}, el("span", { class: "number" },
      `${dayName(ms, { weekday: "short", day: "numeric", month: "short" })} ${clock(ms)}`),
    ` ${text} (${states.join(", ") || "nobody"})`);
  }))];
}

const words = (error) => (error instanceof api.Refused ? error.message : "The worker does not answer.");
