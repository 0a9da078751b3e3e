"""The evidence of a time of the log: its half minute and its five seconds, in full.

Numbers are rounded; the exact records are at `/api/log`.
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from models.labels import SCENARIOS
from operators.prompting import load_template, messages
from schemas.event_time import NS_PER_MS
from schemas.frames import NS
from schemas.scenario import NO_REFINER, OFFLINE_EXPERT
from streams.web.timeline import SMOOTHING_NS, activity_row, timeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from infra.daily_log.records import Log, LogActivity, LogScenario
    from schemas import Scenario, SoundPlace

# More than a record lasts, which may begin before the time.
_RECORD_NS = 60 * NS


def context_ns(asked_ns: int) -> int:
    """Return the length of the log before and after a time that `evidence` needs."""
    return max(SMOOTHING_NS, asked_ns) + _RECORD_NS


def evidence(log: Log, at_ns: int, unsure_below: float, asked_ns: int) -> dict[str, Any]:
    """Return the `scenario` and the `activity` of `log` at a time, each None if absent.

    In addition to the fields of `streams.web.timeline`: the `places` of the sound events, all eight
    `regions`, all `motion`, the weight of each of the fifteen `key_frames`, `familiarity` by
    modality, `position`, where the device was worn, and `asked`, what a language model was told of
    the record: it is made anew from the log, by the same template, with the records of `asked_ns`
    before it (the setting `refine_context_s`).
    """
    scenario = next((r for r in log.scenarios if r.start_ns <= at_ns < r.end_ns), None)
    activity = next((r for r in log.activities if r.start_ns <= at_ns < r.end_ns), None)
    return {
        "scenario": scenario and _scenario(log, scenario, unsure_below, asked_ns),
        "activity": activity and _activity(activity, unsure_below),
    }


def picture(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return the stored picture and motion of a half minute, each None if absent.

    `picture`: `bands` and the levels of the sound, base64, by step, lowest band first. `moved`:
    m/s² beyond gravity and rad/s, one number each per step. There are ten steps a second.
    """
    sound, motion = arrays.get("sound"), arrays.get("motion")
    return {
        "picture": None
        if sound is None
        else {"bands": sound.shape[1], "shades": b64encode(sound.tobytes()).decode()},
        "moved": None
        if motion is None
        else {
            name: [round(float(value), 2) for value in column]
            for name, column in zip(("acceleration", "turning"), motion.T, strict=True)
        },
    }


def _scenario(log: Log, record: LogScenario, unsure_below: float, asked_ns: int) -> dict[str, Any]:
    [row] = [
        each
        for each in timeline(log, record.start_ns, unsure_below)["scenarios"]
        if each["start"] == record.start_ns // NS_PER_MS
    ][:1]
    before = [
        each
        for each in log.scenarios
        if record.start_ns - asked_ns <= each.start_ns < record.start_ns
    ]
    answer = record.refined
    if answer is not None and row["refined"] is not None:
        row["refined"] |= {
            "tokens": answer.tokens,
            "latency_ms": round(answer.latency_ms),
            "asked": _prompt_of(record, before),
        }
    return {
        **row,
        "window": record.window_id,
        "session": record.session_id,
        "sounds": _rounded(record.sound_events),
        "places": {name: _place(place) for name, place in record.sound_places.items()},
        "motion": _rounded(record.motion),
        "regions": _rounded(record.spatial),
        "position": record.position
        and {**record.position.model_dump(), "probability": round(record.position.probability, 2)},
        "key_frames": [round(weight, 3) for weight in record.key_frames],
        "familiarity": {name: round(p, 2) for name, p in record.familiarity.items()},
        "activities": [
            [span.start_ns // NS_PER_MS, span.activity, round(span.probability, 2), span.unknown]
            for span in record.activities
        ],
    }


def _place(place: SoundPlace) -> dict[str, Any]:
    rounded = {
        name: value and round(value, 2)
        for name, value in (
            ("near", place.near),
            ("direction_probability", place.direction_probability),
        )
    }
    return {**place.model_dump(), **rounded, "words": place.words}


def _activity(record: LogActivity, unsure_below: float) -> dict[str, Any]:
    names: dict[str, int] = {}
    row = activity_row(record, names, unsure_below)
    by_index = [*names]
    return {
        "start": record.start_ns // NS_PER_MS,
        "end": record.end_ns // NS_PER_MS,
        "name": by_index[row[2]] if row else "",
        "probability": row[3] if row else None,
        "flags": row[4] if row else 0,
        "closed": _rounded(record.activities)[:5],
        "described": _rounded(record.open_vocabulary)[:5],
        "unsure": len(row) > 5,
        "familiarity": {name: round(p, 2) for name, p in record.familiarity.items()},
        "gate": record.gate,
        "far_field": record.far_field and round(record.far_field, 2),
        "told": record.scenarios,
        "missing": record.missing,
        "model": record.revision,
    }


def _prompt_of(record: Scenario, before: Sequence[Scenario]) -> str | None:
    """Return the language model's prompt; None without one, or if its template has changed."""
    answer = getattr(record, "refined", None)
    template = load_template()
    if answer is None or answer.revision != template.version:
        return None
    if answer.refined_by == NO_REFINER or answer.refined_by.startswith(OFFLINE_EXPERT):
        return None
    prompt = messages(template, record, SCENARIOS, before)[-1]["content"]
    return json.dumps(json.loads(prompt), indent=1, ensure_ascii=False)


def _rounded(probabilities: Mapping[str, float]) -> list[tuple[str, float]]:
    ranked = sorted(probabilities.items(), key=lambda item: (-item[1], item[0]))
    return [(name, round(p, 3)) for name, p in ranked]
