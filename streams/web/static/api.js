// The worker's HTTP interface.

const TIMEOUT_MS = 10_000;

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function get(path, query = {}) {
  const answer = await fetch(`${path}?${new URLSearchParams(query)}`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  // The login has expired: the page's own address asks for it again.
  if (answer.status === 401) location.reload();
  const body = await answer.json();
  if (!answer.ok) throw new Refused(answer.status, body.error);
  return body;
}

// Milliseconds to the nanoseconds of the interface, without passing through a float.
const ns = (ms) => `${Math.max(0, Math.round(ms))}000000`;

export const devices = () => get("/api/devices");

export const timeline = (device, from, to, since) =>
  get("/api/timeline", { device, from: ns(from), to: ns(to), since });

export function exportAddress(device, from, to, format) {
  return `/api/log?${new URLSearchParams({ device, from: ns(from), to: ns(to), format })}`;
}
