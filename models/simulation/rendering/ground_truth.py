"""The ground truth of a plan: a window's activity and motion class, and the spans of the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.labels import MOTIONS
from models.recordings.activity_windows import activities_of_window
from models.recordings.protocol import TruthKind, TruthSpan
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.simulation.life.plan import Plan
    from models.simulation.rendering.mixer import AudibleEvent
    from models.simulation.rendering.renderer import Stage

SEGMENT_S = 2
_STILL = (None, "keys", "pen", "nod", "sip", "chew")


def activity_of(plan: Plan, start_s: int, seconds: int) -> str:
    """Return the activity of a window, by `models.recordings.activity_windows`."""
    shares: dict[str, float] = {}
    for span in plan.activities:
        shared = min(span.stop_s, start_s + seconds) - max(span.start_s, start_s)
        if shared > 0:
            shares[span.label] = shares.get(span.label, 0.0) + shared / seconds
    return activities_of_window(shares)[0]


def motion_of(plan: Plan, start_s: int, seconds: int) -> str | None:
    """Return the motion class (EgoLog §4.4.1) of a window; None when the wearer keeps still.

    "moving" is every bodily activity that is not one of the other three.
    """
    label = activity_of(plan, start_s, seconds)
    if label in MOTIONS:
        return label
    manner = next(a.manner for a in plan.activities if a.label == label and a.stop_s > start_s)
    still = manner.posture in ("sit", "stand") and manner.gesture in _STILL
    return None if still else "moving"


def spans(stage: Stage, start_ns: int) -> list[TruthSpan]:
    """Return a plan's truth: scenarios, activities, motion every 2 s, sounds every second.

    Neighbouring seconds with the same label (and region) are one span.
    """
    plan = stage.plan

    def span(kind: TruthKind, first: int, last: int, label: str) -> TruthSpan:
        return TruthSpan(start_ns + first * NS, start_ns + last * NS, kind, label)

    spans = [span("scenario", s.start_s, s.stop_s, s.label) for s in plan.scenarios]
    spans += [span("activity", a.start_s, a.stop_s, a.label) for a in plan.activities]
    motions: dict[str, list[int]] = {}
    for first in range(0, plan.seconds - SEGMENT_S + 1, SEGMENT_S):
        motion = motion_of(plan, first, SEGMENT_S)
        if motion is not None:
            motions.setdefault(motion, []).extend(range(first, first + SEGMENT_S))
    for label, seconds in motions.items():
        spans += [span("motion", a, b, label) for a, b in runs(seconds)]
    spans += sound_spans(stage.audible_events(0, plan.seconds), start_ns)
    return sorted(spans, key=lambda s: (s.start_ns, s.end_ns, s.kind, s.label, s.region or ""))


def sound_spans(events: Iterable[AudibleEvent], start_ns: int) -> list[TruthSpan]:
    """Return the spans in which a label stays in one region, by start."""
    sounds: dict[tuple[str, str], list[int]] = {}
    for item in events:
        sounds.setdefault((item.label, item.region), []).append(item.second)
    spans = [
        TruthSpan(start_ns + a * NS, start_ns + b * NS, "sound", label, region)
        for (label, region), seconds in sounds.items()
        for a, b in runs(seconds)
    ]
    return sorted(spans, key=lambda s: (s.start_ns, s.end_ns, s.label, s.region or ""))


def runs(seconds: Iterable[int]) -> list[tuple[int, int]]:
    """Return the [first, last) runs of consecutive whole numbers."""
    stretches: list[tuple[int, int]] = []
    for second in sorted(set(seconds)):
        if stretches and stretches[-1][1] == second:
            stretches[-1] = (stretches[-1][0], second + 1)
        else:
            stretches.append((second, second + 1))
    return stretches
