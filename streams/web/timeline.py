"""The two rows of the day as the page draws them (EgoLog §5.5), rounded, in milliseconds.

The exact records are at `/api/log`; a whole day of them would be too much for a phone every time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.daily_log.corrections import added_spans
from operators.naming import NamedActivity, is_unsure, name_activity
from operators.smoothing import WINDOW_S, override, smooth
from schemas.event_time import NS_PER_MS
from schemas.message import END_OF_TIME_NS
from schemas.ranking import rank_labels

if TYPE_CHECKING:
    from infra.daily_log.corrections import AddedSpan
    from infra.daily_log.records import Log, LogActivity, LogScenario, WearersWord
    from schemas import Correction

SMOOTHING_NS = round(WINDOW_S * 1e9)
_SHOWN = 0.005
_MAX_RANKED = 5
_DESCRIPTIONS = 3
FAR_FIELD, INPUT_MISSING, DESCRIBED, UNKNOWN, NEAR_ONLY, CORRECTED, CONFIRMED = (
    1,
    2,
    4,
    8,
    16,
    32,
    64,
)
UNKNOWN_NAME = "unknown"


def timeline(
    log: Log, from_ns: int, unsure_below: float, to_ns: int = END_OF_TIME_NS
) -> dict[str, Any]:
    """Return the rows of [from_ns, to_ns); `log` must begin `SMOOTHING_NS` earlier.

    `scenarios`: one dict per record; `labels` are those of the record itself, `leading` the first
    of them, `smoothed` its normalised probability over the last ten minutes, which lags behind the
    record by minutes. `refined.labels` are empty while the local estimate stands. An `unknown`
    record has no leading label and is excluded from smoothing, unless it was refined.

    `activities`: [start ms, end ms, index into `names`, probability, flags] where flag 1 means that
    the audio was dropped as far-field interference, 16 that only its near field was used, and 2
    that an input was missing. If the closed set's probability is below `unsure_below`, two lists of
    [index, probability] follow, of its likeliest and of the best descriptions; flag 4 means that
    the name is the latter. Flag 8 means that the activity is unknown, which then is its name; both
    lists follow for any probability. Flag 32 means that the wearer named it, 64 that this confirmed
    the log; one that the wearer deleted is omitted. `added` are the wearer's entries for times
    without a record.
    """
    estimates = [(s.start_ns, shares(s)) for s in log.scenarios]
    rows = [
        _scenario(record, smoothed)
        for record, (_, smoothed) in zip(log.scenarios, smooth(estimates), strict=True)
        if record.start_ns >= from_ns
    ]
    names: dict[str, int] = {}
    strip = [
        row
        for record in log.activities
        if record.start_ns >= from_ns and (row := activity_row(record, names, unsure_below))
    ]
    return {
        "scenarios": rows,
        "activities": strip,
        "names": list(names),
        "added": [
            added_span(each)
            for each in added_spans(log, max(from_ns - SMOOTHING_NS, 0), to_ns)
            if each.end_ns > from_ns
        ],
    }


def added_span(each: AddedSpan) -> dict[str, Any]:
    """Return the wearer's entry for a time without a record, as drawn by the page."""
    return {
        "row": each.row,
        "start": each.start_ns // NS_PER_MS,
        "end": each.end_ns // NS_PER_MS,
        "corrected": _word(each.word),
    }


def correction_row(each: Correction, *, standing: bool) -> dict[str, Any]:
    """Return one correction as listed by the page."""
    return {
        "id": each.correction_id,
        "action": each.action,
        "row": each.row,
        "start": each.start_ns // NS_PER_MS,
        "end": each.end_ns // NS_PER_MS,
        "by": each.author,
        "created": each.created_ns // NS_PER_MS,
        "before": list(dict.fromkeys(name for span in each.before for name in span.labels)),
        "after": list(dict.fromkeys(name for span in each.after for name in span.labels)),
        "note": each.note,
        "undoes": each.undoes,
        "standing": standing,
    }


def shares(record: LogScenario) -> dict[str, float]:
    """Return a record's labels: the wearer's, else the refiner's, else the estimate."""
    if record.corrected is not None:
        return override({}, record.corrected.labels)
    return override({} if record.unknown else record.scenarios, record.refined_labels)


def _word(word: WearersWord | None) -> dict[str, Any] | None:
    if word is None:
        return None
    return {
        "labels": word.labels,
        "by": word.author,
        "id": word.correction_id,
        "confirmed": word.confirmed,
    }


def word_flags(word: WearersWord | None) -> int:
    """Return the flags of a record that the wearer corrected or confirmed, else 0."""
    return 0 if word is None else CORRECTED + CONFIRMED * word.confirmed


def _scenario(record: LogScenario, smoothed: dict[str, float]) -> dict[str, Any]:
    answer = record.refined
    return {
        "start": record.start_ns // NS_PER_MS,
        "end": record.end_ns // NS_PER_MS,
        "smoothed": _ranked(smoothed, most=len(smoothed)),
        "leading": record.leading,
        "labels": record.labels,
        "local": _ranked(record.scenarios),
        "confidence": round(record.confidence, 3),
        "unknown": record.unknown,
        "corrected": _word(record.corrected),
        "refined": answer
        and {
            # Without a refiner's answer the local estimate stands.
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


def activity_row(record: LogActivity, names: dict[str, int], unsure_below: float) -> list[Any]:
    """Return one activity as in `timeline`, empty without a name; names are added to `names`."""
    named = name_activity(record.activities, record.open_vocabulary, unsure_below)
    if record.corrected is not None:
        named = NamedActivity(record.corrected.labels[0], 1.0) if record.corrected.labels else None
    if named is None:
        return []

    def indexed(probabilities: dict[str, float], most: int) -> list[tuple[int, float]]:
        return [
            (names.setdefault(name, len(names)), round(value, 3))
            for name, value in rank_labels(probabilities, most)
        ]

    flags = FAR_FIELD * (record.gate == "dropped") + NEAR_ONLY * (record.gate == "near")
    flags += INPUT_MISSING * bool(record.missing)
    unknown = record.unknown and record.corrected is None
    flags += word_flags(record.corrected)
    row = [
        record.start_ns // NS_PER_MS,
        record.end_ns // NS_PER_MS,
        names.setdefault(UNKNOWN_NAME if unknown else named.name, len(names)),
        round(named.probability, 3),
        flags + (UNKNOWN if unknown else DESCRIBED * named.described),
    ]
    unsure = record.open_vocabulary and is_unsure(record.activities, unsure_below)
    if record.corrected is not None or (not unknown and not unsure):
        return row
    closed = indexed(record.activities, 1)
    return [*row, closed, indexed(record.open_vocabulary, _DESCRIPTIONS)]


def _ranked(probabilities: dict[str, float], most: int = _MAX_RANKED) -> list[tuple[str, float]]:
    return [
        (label, round(value, 3))
        for label, value in rank_labels(probabilities, most)
        if value >= _SHOWN
    ]
