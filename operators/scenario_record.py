"""Joins the parts of a scenario record into one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operators.naming import descriptions_in_doubt
from operators.sound_places import sound_places
from schemas import Activity, ActivitySpan, Scenario, ScenarioEstimate, Spatial
from schemas.frames import MODALITIES
from schemas.ranking import likeliest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas import BodyPosition
    from schemas.message import Probabilities
    from schemas.sound_place import NearAndFarSounds

# Descriptions of a ranking in a record: enough for a prompt, few enough to read.
_DESCRIPTIONS = 3


def scenario_record(
    estimate: ScenarioEstimate,
    spatial: Sequence[Spatial],
    activities: Sequence[Activity],
    missing: Sequence[str],
    unsure_below: float,
    apart: Mapping[int, NearAndFarSounds] | None = None,
    position: BodyPosition | None = None,
) -> Scenario:
    """Return the record of one scenario window.

    `spatial` and `activities` are in order of time. The confidence is the highest scenario
    probability. The embeddings are included, so that a window can be refined, corrected by its
    wearer and used for fine-tuning. Activities less likely than `unsure_below` have their best
    descriptions. `apart` are the near and far sounds in segments of the window, `position` that of
    the device.
    """
    confidence = max(estimate.scenarios.values(), default=0.0)
    absent = [modality for modality in MODALITIES if not estimate.coverage.get(modality)]
    return Scenario(
        device_id=estimate.device_id,
        window_id=estimate.window_id,
        session_id=estimate.session_id,
        start_ns=estimate.start_ns,
        end_ns=estimate.end_ns,
        revision=estimate.revision,
        coverage=estimate.coverage,
        scenarios=estimate.scenarios,
        confidence=confidence,
        key_frames=estimate.key_frames,
        activities=[_likeliest(activity, unsure_below) for activity in activities],
        spatial=_mean([s.by_itself for s in spatial]),
        sound_events=estimate.sound_events,
        motion=estimate.motion,
        missing=[*absent, *missing],
        embeddings=estimate.embeddings,
        familiarity=estimate.familiarity,
        unknown=estimate.unknown,
        sound_places=sound_places(estimate, spatial, apart),
        position=position,
    )


def _likeliest(activity: Activity, unsure_below: float) -> ActivitySpan:
    name = likeliest(activity.activities)
    return ActivitySpan(
        start_ns=activity.start_ns,
        end_ns=activity.end_ns,
        activity=name,
        probability=activity.activities[name],
        open_vocabulary=descriptions_in_doubt(
            activity.activities, activity.open_vocabulary, unsure_below, _DESCRIPTIONS
        ),
        unknown=activity.unknown,
    )


def _mean(seconds: Sequence[Probabilities]) -> Probabilities:
    if not seconds:
        return {}
    return {name: round(sum(s[name] for s in seconds) / len(seconds), 4) for name in seconds[0]}
