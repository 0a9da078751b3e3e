// The wearer's own time zone: the address names it, else what was chosen here for the device.

import { byId, el, put } from "./dom.js";
import { browserZone } from "./time.js";

const key = (device) => `egolog.zone.${device}`;

// Null where none was chosen. A browser may be set to keep nothing.
export function chosenFor(device) {
  try {
    return localStorage.getItem(key(device));
  } catch {
    return null;
  }
}

export function keep(device, zone) {
  try {
    if (zone) localStorage.setItem(key(device), zone);
    else localStorage.removeItem(key(device));
  } catch {
    // Then it is in the address alone.
  }
}

// `changed` is called with the zone's name, null for the browser's own.
export function start(changed) {
  const select = byId("zone");
  // Some four hundred names: nobody needs them before they are looked for.
  select.addEventListener("focus", () => fill(select), { once: true });
  select.addEventListener("change", () => changed(select.value || null));
}

export function draw(zone) {
  const select = byId("zone");
  select.options[0].textContent = `${browserZone()}, as this browser`;
  if (zone && ![...select.options].some(({ value }) => value === zone)) {
    select.append(el("option", { value: zone }, zone));
  }
  select.value = zone ?? "";
}

function fill(select) {
  const before = select.value;
  // A zone may go by an older name in the address.
  const names = new Set([...Intl.supportedValuesOf("timeZone"), "UTC", before].filter(Boolean));
  put(select, select.options[0], ...[...names].sort().map((name) => el("option", { value: name }, name)));
  select.value = before;
}
