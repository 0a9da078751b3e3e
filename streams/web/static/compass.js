// The directions of sound, seen from above.

import { svg } from "./dom.js";

const AROUND = ["front", "right", "back", "left"];

// The wearer from above: an inner ring for near sound, an outer one for far sound, and a dot for
// each sound with a place, such as "near-left".
export function compass(shares, events) {
  const at = (radius, degrees) => {
    const angle = ((degrees - 90) * Math.PI) / 180;
    return [50 + radius * Math.cos(angle), 50 + radius * Math.sin(angle)].map((x) => x.toFixed(1));
  };
  const point = (...place) => at(...place).join(",");
  const sector = (inner, outer, at) => [
    `M${point(inner, at - 43)}A${inner} ${inner} 0 0 1 ${point(inner, at + 43)}`,
    `L${point(outer, at + 43)}A${outer} ${outer} 0 0 0 ${point(outer, at - 43)}Z`,
  ].join("");
  const rings = [["near", 12, 27], ["far", 30, 46]];
  return svg("svg", { class: "compass", viewBox: "0 0 100 100", "aria-hidden": "true" },
    rings.flatMap(([distance, inner, outer]) => AROUND.map((direction, at) => svg("path", {
      d: sector(inner, outer, at * 90),
      "fill-opacity": (0.08 + 0.92 * (shares.get(`${direction}-${distance}`) ?? 0)).toFixed(2),
    }))),
    dots(events, rings, at),
    svg("circle", { cx: 50, cy: 50, r: 5 }), svg("path", { class: "nose", d: "M50,41L54,46L46,46Z" }));
}

// Sounds of the same sector are drawn side by side.
function dots(events, rings, at) {
  return rings.flatMap(([distance, inner, outer]) => AROUND.flatMap((direction, quarter) => {
    const here = events.filter((place) => place === `${distance}-${direction}`);
    return here.map((_, n) => {
      const [cx, cy] = at((inner + outer) / 2, 90 * quarter + 18 * (n - (here.length - 1) / 2));
      return svg("circle", { class: "event", cx, cy, r: 3 });
    });
  }));
}
