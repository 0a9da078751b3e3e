// The rules of notifications, their targets with a test of each, and the history.

import * as api from "./api.js";
import { el, put } from "./dom.js";
import { clock, dayName } from "./time.js";

const SHOWN = 10;

export async function draw(room) {
  try {
    const { rules, targets, history } = await api.notifications();
    put(room, ...(targets.length ? [
      el("ul", {}, ...rules.map(rule)), el("ul", {}, ...targets.map(target)), ...entries(history),
    ] : [el("p", {}, "No notifications: ", el("code", {}, "EGOLOG_NOTIFICATIONS"), " has no rules.")]));
  } catch (error) {
    put(room, el("p", { class: "problem", role: "alert" }, words(error)));
  }
}

const rule = ({ name, when, tells, device }) => el("li", {}, el("strong", {}, name),
  ` notifies ${tells.join(", ")} when ${when}${device ? `, for ${device}` : ""}`);

function target({ name, kind, address }) {
  const button = el("button", { type: "button", class: "act", "aria-label": `Test ${name}` }, "Test");
  const outcome = el("span", { role: "status" });
  button.addEventListener("click", async () => {
    button.disabled = true;
    outcome.textContent = " sending";
    try {
      const { sent, error } = await api.testTarget(name);
      outcome.textContent = sent ? " sent" : ` not sent: ${error}`;
    } catch (error) {
      outcome.textContent = ` ${words(error)}`;
    }
    button.disabled = false;
  });
  return el("li", {}, button, el("strong", {}, ` ${name}`), ` ${kind}, ${address}`, outcome);
}

function entries(history) {
  if (!history.length) return [el("p", {}, "No notifications yet.")];
  return [el("ol", {}, ...history.slice(0, SHOWN).map(({ at, text, targets }) => {
    const ms = Date.parse(at);
    const states = Object.entries(targets).map(([name, { state }]) => `${name} ${state}`);
    return el("li", {}, el("span", { class: "number" },
      `${dayName(ms, { weekday: "short", day: "numeric", month: "short" })} ${clock(ms)}`),
    ` ${text} (${states.join(", ") || "nobody"})`);
  }))];
}

const words = (error) => (error instanceof api.Refused ? error.message : "The worker does not answer.");
