// A phone as a device: sound and motion in frames of a second.

import * as api from "./api.js";
import { Day, recordAt } from "./day.js";
import { byId } from "./dom.js";
import { Outbox } from "./outbox.js";
import { clock, duration } from "./time.js";

const AUDIO_RATE = 16000;
const MOTION_RATE = 50;
const FRAME_MS = 1000;
const MOTION_WAIT_MS = 1500;
const LOOK_MS = 5000;
const DEGREE = Math.PI / 180;
const APPLE = /iPhone|iPad|iPod/;

let recording = null;

const outbox = new Outbox(tell);

class Recording {
  constructor(device, position, streams, offset) {
    this.device = device;
    this.position = position;
    this.streams = streams;
    this.offset = offset;
    this.session = `phone-${new Date(Date.now() + offset).toISOString().replaceAll(/[:.]/g, "-")}`;
    this.seq = { audio: 0, imu: 0 };
    this.began = performance.now();
    this.paused = false;
    this.sound = { samples: [], count: 0, begun: null, channels: 1 };
    this.motion = [];
    this.second = null; // of motion, ms of the epoch
  }

  // The current time by the worker's clock.
  at(ms) {
    return performance.timeOrigin + ms + this.offset;
  }

  send(kind, t_ms, rate, samples, more = {}) {
    const head = { kind, device: this.device, session: this.session, seq: this.seq[kind],
      t_ms, rate, streams: this.streams, position: this.position, ...more };
    this.seq[kind] += 1;
    return outbox.put(head, samples.buffer);
  }

  heard({ channels, samples }, rate) {
    if (this.paused) return;
    const { sound } = this;
    if (channels !== sound.channels || sound.begun === null) this.beginSound(Math.min(2, channels));
    sound.samples.push(channels > 2 ? stereo(samples, channels) : samples);
    sound.count += samples.length / channels;
    if (sound.count >= rate) this.sendSound(rate);
  }

  beginSound(channels) {
    Object.assign(this.sound, { samples: [], count: 0, channels, begun: this.at(performance.now()) });
  }

  sendSound(rate, final = false) {
    const { sound } = this;
    const all = joined(sound.samples);
    const most = final ? all.length : rate * sound.channels;
    const t_ms = sound.begun ?? this.at(performance.now());
    const sent = this.send("audio", t_ms, rate, all.slice(0, most), { channels: sound.channels, final });
    const rest = all.slice(most);
    // Count samples instead of reading the clock: events may arrive late.
    Object.assign(sound, { samples: [rest], count: rest.length / sound.channels,
      begun: t_ms + FRAME_MS });
    return sent;
  }

  moved(event) {
    const { accelerationIncludingGravity: acc, rotationRate: turn } = event;
    if (this.paused || !acc || acc.x === null) return;
    // Apple's acceleration points down at rest, everybody else's up.
    const sign = APPLE.test(navigator.userAgent) ? -1 : 1;
    const at = this.at(event.timeStamp);
    this.motion.push([at, sign * acc.x, sign * acc.y, sign * acc.z,
      (turn?.beta ?? 0) * DEGREE, (turn?.gamma ?? 0) * DEGREE, (turn?.alpha ?? 0) * DEGREE]);
    this.second ??= at;
    if (at >= this.second + FRAME_MS) this.sendMotion();
  }

  // Resample to a regular grid, because a browser's events are irregular.
  sendMotion() {
    const rows = new Float32Array(MOTION_RATE * 6);
    for (let row = 0, next = 0; row < MOTION_RATE; row += 1) {
      const at = this.second + (row * FRAME_MS) / MOTION_RATE;
      while (next < this.motion.length - 1 && this.motion[next + 1][0] <= at) next += 1;
      const [before, after] = [this.motion[next], this.motion[next + 1] ?? this.motion[next]];
      const share = after[0] > before[0]
        ? Math.min(1, Math.max(0, (at - before[0]) / (after[0] - before[0]))) : 0;
      for (let axis = 0; axis < 6; axis += 1) {
        rows[row * 6 + axis] = before[axis + 1] + share * (after[axis + 1] - before[axis + 1]);
      }
    }
    const sent = this.send("imu", this.second, MOTION_RATE, rows);
    this.second += FRAME_MS;
    const [last] = this.motion.slice(-1);
    if (last[0] >= this.second + FRAME_MS) this.second = last[0]; // the page was suspended: a gap
    this.motion = this.motion.filter(([at]) => at >= this.second - FRAME_MS / MOTION_RATE);
    if (!this.motion.length) this.motion = [last];
    return sent;
  }

  async end(rate) {
    this.paused = true;
    if (this.streams.includes("audio")) await this.sendSound(rate, true);
    if (this.streams.includes("imu")) {
      await this.send("imu", this.second ?? this.at(performance.now()), MOTION_RATE,
        new Float32Array(0), { final: true });
    }
  }
}

function joined(parts) {
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function stereo(samples, channels) {
  const two = new Int16Array((samples.length / channels) * 2);
  for (let at = 0; at < two.length / 2; at += 1) {
    two[2 * at] = samples[at * channels];
    two[2 * at + 1] = samples[at * channels + 1];
  }
  return two;
}

let sound = null;
let lock = null;

async function begin() {
  problem("");
  const device = byId("name").value.trim();
  if (!/^[A-Za-z0-9._:-]{1,64}$/.test(device)) {
    problem("A device's name is of letters, digits, dots, dashes, colons and underlines.");
    return;
  }
  localStorage.setItem("egolog-device", device);
  const position = byId("position").value;
  localStorage.setItem("egolog-position", position);
  let media = null;
  try {
    media = await navigator.mediaDevices.getUserMedia({ audio: {
      channelCount: { ideal: 2 }, echoCancellation: false, noiseSuppression: false,
      autoGainControl: false,
    } });
    const streams = await motionComes() ? ["audio", "imu"] : ["audio"];
    recording = new Recording(device, position || null, streams, outbox.offset);
    await listen(media);
    window.addEventListener("devicemotion", onMotion);
    lock = await navigator.wakeLock?.request("screen").catch(() => null);
  } catch (error) {
    recording = null;
    media?.getTracks().forEach((track) => track.stop());
    problem(error.name === "NotAllowedError"
      ? "The browser was not allowed to use the microphone." : error.message);
  }
  tell();
}

let busy = false;

// A second press while the microphone is opened or closed would open another, which nothing closes.
async function once(act) {
  if (busy) return;
  busy = true;
  try {
    await act();
  } finally {
    busy = false;
  }
}

const onMotion = (event) => recording?.moved(event);

async function motionComes() {
  if (!window.DeviceMotionEvent) return false;
  if (DeviceMotionEvent.requestPermission
    && await DeviceMotionEvent.requestPermission() !== "granted") return false;
  return new Promise((resolve) => {
    const stop = (comes) => {
      window.removeEventListener("devicemotion", first);
      resolve(comes);
    };
    const first = (event) => {
      if (event.accelerationIncludingGravity?.x != null) stop(true);
    };
    window.addEventListener("devicemotion", first);
    setTimeout(() => stop(false), MOTION_WAIT_MS);
  });
}

async function listen(media) {
  const context = new AudioContext({ sampleRate: AUDIO_RATE });
  await context.audioWorklet.addModule("/static/sensor_worklet.js");
  const node = new AudioWorkletNode(context, "capture", { numberOfOutputs: 0 });
  node.port.onmessage = ({ data }) => {
    // The level meter shows silence during a pause.
    level(recording?.paused ? [] : data.samples);
    recording?.heard(data, context.sampleRate);
  };
  context.createMediaStreamSource(media).connect(node);
  await context.resume();
  sound = { context, media };
}

function pause() {
  recording.paused = !recording.paused;
  // Samples that were not sent before the pause are discarded.
  if (recording.paused) Object.assign(recording.sound, { samples: [], count: 0, begun: null });
  Object.assign(recording, { motion: [], second: null });
  tell();
}

async function end() {
  const ended = recording;
  recording = null;
  window.removeEventListener("devicemotion", onMotion);
  await ended.end(sound.context.sampleRate);
  sound.media.getTracks().forEach((track) => track.stop());
  await sound.context.close();
  await lock?.release();
  level([]);
  tell();
}

let loudest = 0;

function level(samples) {
  let most = 0;
  for (const value of samples) most = Math.max(most, Math.abs(value));
  loudest = samples.length ? Math.max(most / 32767, loudest * 0.97) : 0;
  byId("level").value = Math.sqrt(loudest);
}

function problem(text) {
  byId("problem").textContent = text;
}

function tell() {
  const running = recording !== null;
  document.body.dataset.recording = running ? (recording.paused ? "paused" : "on") : "off";
  byId("start").hidden = running;
  byId("pause").hidden = byId("stop").hidden = !running;
  byId("name").disabled = byId("position").disabled = running;
  if (running) byId("pause").textContent = recording.paused ? "Go on" : "Pause";
  const state = !running ? "Not recording" : recording.paused ? "Paused"
    : `Recording ${recording.streams.join(" and ").replace("audio", "sound").replace("imu", "motion")}`
      + ` for ${duration(performance.now() - recording.began)}`;
  byId("state").textContent = state;
  byId("connection").textContent = [
    outbox.connected ? "Connected" : "Offline: what is recorded is kept on this phone",
    outbox.waiting ? `${outbox.waiting} seconds waiting` : null,
    outbox.sent ? `${outbox.sent} sent` : null,
    Math.abs(outbox.offset) > 1000 ? `clock off by ${duration(Math.abs(outbox.offset))}, corrected` : null,
  ].filter(Boolean).join(" · ");
  if (outbox.refused) problem(`The worker refused a frame: ${outbox.refused}`);
}

// Show what was recognised last.
async function look() {
  if (recording && outbox.connected) {
    try {
      const known = await api.devices();
      if (!known.some(({ device_id: id }) => id === recording?.device)) throw new Error("no log yet");
      const now = Date.now() + outbox.offset;
      const answer = await api.hours(recording.device, now - 600_000, now + 60_000, 0, "full");
      const day = new Day();
      day.merge(answer);
      const scenario = day.scenarios.at(-1);
      const doing = recordAt(day.activities, (day.activities.at(-1)?.end ?? 1) - 1);
      const names = [scenario?.leading, doing?.name].filter(Boolean).join(", ");
      // The device may have a log of earlier days only.
      byId("recognised").textContent = names
        ? names + (scenario ? ` (${clock(scenario.end)})` : "") : "Nothing yet";
      byId("page").href = `/?${new URLSearchParams({ device: recording.device })}`;
    } catch {
      // The device has no log yet.
    }
  }
  setTimeout(look, LOOK_MS);
}

async function start() {
  byId("name").value = localStorage.getItem("egolog-device")
    ?? `phone-${Math.random().toString(36).slice(2, 6)}`;
  byId("position").value = localStorage.getItem("egolog-position") ?? "";
  byId("start").addEventListener("click", () => once(begin));
  byId("pause").addEventListener("click", () => once(pause));
  byId("stop").addEventListener("click", () => once(end));
  document.addEventListener("visibilitychange", async () => {
    if (!document.hidden && recording) {
      lock = await navigator.wakeLock?.request("screen").catch(() => null);
    }
  });
  // A link on the page, or the way back, would end the recording.
  window.addEventListener("beforeunload", (event) => recording && event.preventDefault());
  setInterval(tell, 1000);
  if (!window.isSecureContext) {
    problem("Browsers allow the microphone only on https pages and on localhost.");
  }
  await outbox.open();
  tell();
  look();
}

start();
