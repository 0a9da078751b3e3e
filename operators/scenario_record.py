"""What a scenario record says: the join's parts folded into one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operators.naming import descriptions_in_doubt
from schemas import Activity, ActivitySpan, Evidence, Scenario, Spatial
from schemas.frames import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.message import Probabilities

# What a record keeps of a ranking: enough for a prompt to weigh, few enough to read.
_DESCRIPTIONS = 3


def scenario_record(
    evidence: Evidence,
    spatial: Sequence[Spatial],
    activities: Sequence[Activity],
    missing: Sequence[str],
    keep_embeddings_below: float,
    unsure_below: float,
) -> Scenario:
    """Return the record of one scenario window.

    `spatial` and `activities` are in order of time. The confidence is the highest scenario
    probability; below `keep_embeddings_below` the record carries the embeddings, so that the
    window can be refined and learned from. Activities less likely than `unsure_below` carry the
    descriptions that fit them best.
    """
    confidence = max(evidence.scenarios.values(), default=0.0)
    absent = [modality for modality in MODALITIES if not evidence.coverage.get(modality)]
    return Scenario(
        device_id=evidence.device_id,
        window_id=evidence.window_id,
        session_id=evidence.session_id,
        start_ns=evidence.start_ns,
        end_ns=evidence.end_ns,
        revision=evidence.revision,
        coverage=evidence.coverage,
        scenarios=evidence.scenarios,
        confidence=confidence,
        key_frames=evidence.key_frames,
        activities=[_likeliest(activity, unsure_below) for activity in activities],
        spatial=_mean([s.regions for s in spatial]),
        sound_events=evidence.sound_events,
        motion=evidence.motion,
        missing=[*absent, *missing],
        embeddings=evidence.embeddings if confidence < keep_embeddings_below else None,
    )


def _likeliest(activity: Activity, unsure_below: float) -> ActivitySpan:
    name = max(activity.activities, key=lambda label: (activity.activities[label], label))
    return ActivitySpan(
        start_ns=activity.start_ns,
        end_ns=activity.end_ns,
        activity=name,
        probability=activity.activities[name],
        open_vocabulary=descriptions_in_doubt(
            activity.activities, activity.open_vocabulary, unsure_below, _DESCRIPTIONS
        ),
    )


def _mean(seconds: Sequence[Probabilities]) -> Probabilities:
    if not seconds:
        return {}
    return {name: round(sum(s[name] for s in seconds) / len(seconds), 4) for name in seconds[0]}
