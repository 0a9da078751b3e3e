// Choosing a time and a span with a mouse or a finger.

import * as address from "./address.js";
import { byId, svg } from "./dom.js";
import { state } from "./view.js";

const FINGER = 24;

function timeAt(event, { from, to, room, width, gutter }) {
  const left = byId("scenarios").getBoundingClientRect().left;
  const share = ((event.clientX - left) / room.scale - gutter) / (width - gutter);
  return from + Math.min(1, Math.max(0, share)) * (to - from);
}

// On a narrow page the chosen record covers the lower part, so the page scrolls until the tapped
// point is above it. `tapped` is that point, until the record's evidence is drawn, which is longer.
let tapped = null;

function uncover() {
  if (tapped === null) return;
  const { top } = byId("record").getBoundingClientRect();
  const y = tapped - window.scrollY;
  if (top < y + FINGER) window.scrollBy(0, y + FINGER - top);
}

// The record is drawn in full: what it covers does not move any more.
export function uncoverForGood() {
  uncover();
  tapped = null;
}

let pressed = null;
let touched = null;

const alongTheTime = ({ clientX, clientY }) => touched !== null
  && Math.abs(clientX - touched.clientX) > Math.abs(clientY - touched.clientY);

// `drawn` gives what is drawn; `choose` takes a time, `go` a span.
export function steerByPointer(rows, { drawn, choose, go }) {
  const time = (event) => timeAt(event, drawn());
  rows.addEventListener("pointermove", (event) => {
    if (!drawn()?.scenarios.length) return;
    if (pressed !== null) drawBrush(drawn(), pressed, time(event));
    if (event.pointerType === "touch") {
      if (alongTheTime(event)) choose(time(event), true);
    } else if (!state.pinned || event.buttons) choose(time(event), state.pinned);
  });
  rows.addEventListener("pointerdown", (event) => {
    if (!drawn()?.scenarios.length) return;
    touched = event;
    if (event.pointerType === "mouse" && event.button === 0) pressed = time(event);
  });
  // A touch may turn into scrolling, without a pointerup event.
  rows.addEventListener("pointerup", (event) => {
    if (event.pointerType === "mouse" || !drawn()?.scenarios.length) return;
    choose(time(event), true);
    tapped = event.clientY + window.scrollY;
    uncover();
  });
  // The click after a touch would press a button that was scrolled under the finger.
  rows.addEventListener("touchend", (event) => event.cancelable && event.preventDefault());
  window.addEventListener("pointerup", (event) => {
    if (pressed === null) return;
    const [start, end] = [pressed, time(event)].sort((a, b) => a - b);
    pressed = null;
    drawBrush(drawn(), 0, 0);
    if (end - start >= Math.max(address.SHORTEST, (drawn().to - drawn().from) / 100)) {
      go({ span: Math.round(end - start), end: Math.round(end) });
    } else if (rows.contains(event.target)) {
      choose(time(event), !state.pinned);
    }
  });
  rows.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse" && !state.pinned) choose(null, false);
  });
}

function drawBrush({ from, to, width, gutter }, start, end) {
  const chart = byId("scenarios");
  chart.querySelector(".brush")?.remove();
  if (start === end) return;
  const x = (at) => gutter + ((at - from) / (to - from)) * (width - gutter);
  const [left, right] = [x(Math.min(start, end)), x(Math.max(start, end))];
  chart.append(svg("rect", {
    class: "brush", x: left, y: 0, width: right - left, height: chart.viewBox.baseVal.height - 24,
  }));
}
