"""The two rows of the day as the page draws them (EgoLog §5.5), rounded, in milliseconds.

The exact records are at `/api/log`; a whole day of them would be too much for a phone every time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operators.naming import is_unsure, name_activity
from operators.smoothing import WINDOW_S, override, smooth
from schemas.ranking import ranked

if TYPE_CHECKING:
    from infra.daily_log.records import Log, LogActivity, LogScenario

NS_PER_MS = 1_000_000
SMOOTHING_NS = round(WINDOW_S * 1e9)
_SHOWN = 0.005
_MAX_RANKED = 5
_DESCRIPTIONS = 3
FAR_FIELD, INPUT_MISSING, DESCRIBED, UNKNOWN, NEAR_ONLY = 1, 2, 4, 8, 16
UNKNOWN_NAME = "unknown"


def timeline(log: Log, from_ns: int, unsure_below: float) -> dict[str, Any]:
    """Return the rows from `from_ns` on; `log` must begin `SMOOTHING_NS` earlier.

    `scenarios`: one dict a record; `leading` is what the record itself says, `smoothed` its
    normalised probability over the last ten minutes, which lags behind the record by minutes.
    `refined.labels` are empty while the local estimate stands. An `unknown` record leads to nothing
    and has no share in what is smoothed, unless it was refined. `activities`: [start ms,
    end ms, index into `names`, probability, flags] where flag 1 means that the audio was dropped as
    far-field interference, 16 that its near field alone was heard, and 2 that an input was missing.
    Where the closed set was less sure than `unsure_below`, two lists of [index, probability]
    follow, of its likeliest and of the best descriptions; flag 4 means that the name is the latter.
    Flag 8 means that the activity is unknown, which is its name then; both lists follow whatever
    the probability.
    """
    estimates = [
        (s.start_ns, override({} if s.unknown else s.scenarios, s.refined_labels))
        for s in log.scenarios
    ]
    rows = [
        _scenario(record, smoothed)
        for record, (_, smoothed) in zip(log.scenarios, smooth(estimates), strict=True)
        if record.start_ns >= from_ns
    ]
    names: dict[str, int] = {}
    strip = [
        row
        for record in log.activities
        if record.start_ns >= from_ns and (row := _activity(record, names, unsure_below))
    ]
    return {"scenarios": rows, "activities": strip, "names": list(names)}


def _scenario(record: LogScenario, smoothed: dict[str, float]) -> dict[str, Any]:
    answer = record.refined
    return {
        "start": record.start_ns // NS_PER_MS,
        "end": record.end_ns // NS_PER_MS,
        "smoothed": _ranked(smoothed, most=len(smoothed)),
        "leading": record.leading,
        "local": _ranked(record.scenarios),
        "confidence": round(record.confidence, 3),
        "unknown": record.unknown,
        "refined": answer
        and {
            # Nobody's answer repeats the local estimate, which stands.
            "labels": record.refined_labels,
            "by": answer.refined_by,
            "reason": answer.reason,
            "preliminary": answer.preliminary,
        },
        "sounds": _ranked(record.sound_events),
        "motion": _ranked(record.motion, most=2),
        "spatial": _ranked(record.spatial, most=2),
        "coverage": {name: round(share, 3) for name, share in record.coverage.items()},
        "missing": record.missing,
        "model": record.revision,
    }


def _activity(record: LogActivity, names: dict[str, int], unsure_below: float) -> list[Any]:
    named = name_activity(record.activities, record.open_vocabulary, unsure_below)
    if named is None:
        return []

    def indexed(probabilities: dict[str, float], most: int) -> list[tuple[int, float]]:
        return [
            (names.setdefault(name, len(names)), round(value, 3))
            for name, value in ranked(probabilities, most)
        ]

    flags = FAR_FIELD * (record.gate == "dropped") + NEAR_ONLY * (record.gate == "near")
    flags += INPUT_MISSING * bool(record.missing)
    row = [
        record.start_ns // NS_PER_MS,
        record.end_ns // NS_PER_MS,
        names.setdefault(UNKNOWN_NAME if record.unknown else named.name, len(names)),
        round(named.probability, 3),
        flags + (UNKNOWN if record.unknown else DESCRIBED * named.described),
    ]
    unsure = record.open_vocabulary and is_unsure(record.activities, unsure_below)
    if not record.unknown and not unsure:
        return row
    closed = indexed(record.activities, 1)
    return [*row, closed, indexed(record.open_vocabulary, _DESCRIPTIONS)]


def _ranked(probabilities: dict[str, float], most: int = _MAX_RANKED) -> list[tuple[str, float]]:
    return [
        (label, round(value, 3)) for label, value in ranked(probabilities, most) if value >= _SHOWN
    ]
