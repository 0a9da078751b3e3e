// Sends frames in order, and stores them on the phone until the worker acknowledges them.

const NAME = "egolog-sensor";
const STORE = "frames";
const IN_FLIGHT = 8;
const RETRY_MS = [500, 1000, 2000, 5000];

const asked = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

export class Outbox {
  // `onChange` is called whenever the connection or the number of waiting frames changes.
  constructor(onChange) {
    this.onChange = onChange;
    this.waiting = 0;
    this.sent = 0;
    this.refused = "";
    this.connected = false;
    this.offset = 0; // worker's clock minus ours, ms
    this.round = Infinity;
    this.flying = new Map(); // "kind/seq" → key in the store
    this.tries = 0;
    this.writing = Promise.resolve();
  }

  async open() {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { autoIncrement: true });
    this.db = await asked(request);
    this.waiting = await asked(this.store("readonly").count());
    this.connect();
  }

  // Store a frame on the phone, then send it.
  put(head, samples) {
    const kept = this.writing.then(() => asked(this.store("readwrite").add({ head, samples })));
    this.writing = kept.catch(() => {});
    return kept.then(() => {
      this.waiting += 1;
      this.onChange();
      this.flush();
    });
  }

  store(mode) {
    return this.db.transaction(STORE, mode).objectStore(STORE);
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/api/v1/sensor`);
    this.socket = socket;
    socket.onopen = () => {
      this.connected = true;
      this.tries = 0;
      this.flying.clear();
      this.ping();
      this.onChange();
      this.flush();
    };
    socket.onmessage = ({ data }) => this.answered(JSON.parse(data));
    socket.onclose = () => {
      this.connected = false;
      this.flying.clear();
      this.onChange();
      setTimeout(() => this.connect(), RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)]);
      this.tries += 1;
    };
  }

  ping() {
    this.socket.send(JSON.stringify({ ping: Date.now() }));
  }

  async answered({ ack, refused, pong, at }) {
    if (pong !== undefined) {
      const [now, round] = [Date.now(), Date.now() - pong];
      // The fastest round trip gives the best estimate of the clock offset.
      if (round < this.round) Object.assign(this, { round, offset: at - (pong + now) / 2 });
      return;
    }
    const [kind, seq, why] = ack ?? refused;
    const key = this.flying.get(`${kind}/${seq}`);
    if (why) this.refused = why;
    if (key === undefined) return;
    this.flying.delete(`${kind}/${seq}`);
    await asked(this.store("readwrite").delete(key));
    this.waiting -= 1;
    if (ack) this.sent += 1;
    this.onChange();
    this.flush();
  }

  // Send the oldest frames that are not in flight, a few at a time.
  async flush() {
    if (this.flushing || !this.connected) return;
    this.flushing = true;
    try {
      const flown = new Set(this.flying.values());
      const store = this.store("readonly");
      const [keys, frames] = await Promise.all([
        asked(store.getAllKeys(null, IN_FLIGHT)), asked(store.getAll(null, IN_FLIGHT)),
      ]);
      keys.forEach((key, at) => {
        if (flown.has(key) || !this.connected) return;
        const { head, samples } = frames[at];
        this.flying.set(`${head.kind}/${head.seq}`, key);
        this.socket.send(message(head, samples));
      });
    } finally {
      this.flushing = false;
    }
  }
}

export function message(head, samples) {
  const text = new TextEncoder().encode(JSON.stringify(head));
  const whole = new Uint8Array(4 + text.length + samples.byteLength);
  new DataView(whole.buffer).setUint32(0, text.length, true);
  whole.set(text, 4);
  whole.set(new Uint8Array(samples), 4 + text.length);
  return whole;
}
