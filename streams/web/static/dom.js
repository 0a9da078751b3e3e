// Elements from plain data. Text only ever becomes a text node, so no label can become markup.

const SVG = "http://www.w3.org/2000/svg";
// A click comes this long after its finger at most.
const CLICK_MS = 50;

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...given(children));
  return node;
}

export const set = (node, attributes) => fill(node, attributes, []);

// Children may be null or false, which are skipped.
const given = (children) => children.flat().filter((child) => child || child === 0);

export const put = (node, ...children) => node.replaceChildren(...given(children));

export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

// What is pressed, and what is drawn once it is let go: a button that is replaced by then has no click.
let held = null;
const owed = new Map();

window.addEventListener("pointerdown", ({ target }) => { held = target; });
window.addEventListener("click", () => { held = null; }, true);
for (const end of ["pointerup", "pointercancel"]) {
  window.addEventListener(end, () => setTimeout(() => {
    held = null;
    for (const [root, draw] of owed) keepingFocus(root, draw);
  }, CLICK_MS));
}

// Replace the children of `root`; the focus moves to the new child with the same `data-key`, or to the
// charts if there is none.
export function keepingFocus(root, draw) {
  if (root.contains(held)) return owed.set(root, draw);
  owed.delete(root);
  const key = root.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  draw(root);
  if (!key) return;
  const same = [...root.querySelectorAll("[data-key]")].find((node) => node.dataset.key === key);
  (same ?? byId("rows")).focus({ preventScroll: true });
}

export const byId = (id) => document.getElementById(id);

// How much larger the reader's font is than the one that a browser comes with.
export const fontScale = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;

// Size a chart that is drawn in pixels at a font size of 16, so that it grows with the reader's.
export function sized(width, height, left = 0) {
  const scale = fontScale();
  return { viewBox: `${left} 0 ${width} ${height}`, width: width * scale, height: height * scale };
}

const pen = document.createElement("canvas").getContext("2d");
const widths = new Map();
const MOST_WIDTHS = 2000;
let family = null;

// Width of a text in a chart's pixels, in the page's own font. Cached, because the same few names
// are measured at each draw, and each measurement may trigger a layout.
export function textWidth(text, size = 12, weight = 400) {
  const key = `${weight} ${size} ${text}`;
  const kept = widths.get(key);
  if (kept !== undefined) return kept;
  family ??= getComputedStyle(document.body).fontFamily;
  pen.font = `${weight} ${size}px ${family}`;
  const { width } = pen.measureText(text);
  if (widths.size >= MOST_WIDTHS) widths.clear();
  widths.set(key, width);
  return width;
}
