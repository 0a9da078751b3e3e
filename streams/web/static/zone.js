// The wearer's time zone: from the address, else as chosen here for the device.

import { byId, el, put } from "./dom.js";
import { browserZone } from "./time.js";

const key = (device) => `egolog.zone.${device}`;

// Null if none was chosen, or if the browser's storage is blocked.
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
    // Then only the address holds it.
  }
}

// `changed` is called with the zone's name, null for the browser's own.
export function start(changed) {
  const select = byId("zone");
  // The list has about four hundred names, so it is created on first use.
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
  // The address may use an older name of the zone.
  const names = new Set([...Intl.supportedValuesOf("timeZone"), "UTC", before].filter(Boolean));
  put(select, select.options[0], ...[...names].sort().map((name) => el("option", { value: name }, name)));
  select.value = before;
}
