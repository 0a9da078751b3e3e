// The evidence of records: asked for when one is shown, and kept for when it is shown again.

import * as api from "./api.js";
import { state } from "./view.js";

const KEPT = 200;
const HOVER_MS = 80;

// By the device and the starts of the half minute and of the activity.
const evidence = new Map();
let asking = null;

// Null until it has come; then `came` is called, or `failed`.
export function evidenceAt(record, activity, at, { came, failed }) {
  const key = `${state.device}/${record.start}/${activity?.start ?? ""}`;
  if (evidence.has(key)) return evidence.get(key);
  clearTimeout(asking);
  asking = setTimeout(async () => {
    try {
      const whole = await api.evidence(state.device, at);
      if (evidence.size > KEPT) evidence.clear();
      evidence.set(key, whole);
      came();
    } catch (error) {
      // The status line reports problems of the worker.
      if (!(error instanceof api.Refused)) failed();
    }
    // A moving pointer passes over records that are not of interest, so wait until it rests.
  }, state.chosen === null ? 0 : HOVER_MS);
  return null;
}

// Corrections and refinements change what was said of records.
export const forgetEvidence = () => evidence.clear();
