"""The interference gate (EgoLog §4.3): far-field sound says little about the wearer.

The paper names two ways where far sound is heard: drop the audio, or keep its near field only. Both
are here, as the stream and the evaluation call them. The gate closes where only far sound is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from models.egolog.windows import SEGMENT_S

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from models.egolog.near_share import NearShare
    from schemas.evidence import Gate

Interference = Literal["off", "drop", "near"]
"""What is done against interference: nothing, drop a far window's audio, keep the near field."""

ATTENDED_FAR = frozenset({"Watching tv"})
"""Scenarios of which far sound is what the wearer attends to, and no interference."""

# The operating point of the shipped weights, chosen on validation by
# `python -m models.research.evaluation.gate`; a worker takes its setting `far_field_above` instead.
FAR_ABOVE = 0.65
# Nothing far is heard where it is likelier than this: a silent second is not far-field.
_SILENT_ABOVE = 0.9
# Something near is heard where one of its regions is this likely; chosen on validation by
# `python -m models.research.evaluation.undisturbed`.
NEAR_FROM = 0.4
# A far source is likelier than not; a worker takes its setting `near_field_from` instead.
NEAR_FIELD_FROM = 0.5


@dataclass(frozen=True)
class HeardSecond:
    """What is known of one second of a window that begins `at` seconds earlier.

    `regions` are the probabilities of the eight regions, `near` the near field's share where it was
    extracted.
    """

    at: int
    regions: Mapping[str, float]
    near: NearShare | None = None


@dataclass(frozen=True)
class GatedSound:
    """What activity recognition hears of a window: `mel` (T, 64), None where there was no audio.

    `far_field` is the probability that the gate was decided by.
    """

    gate: Gate
    far_field: float | None
    mel: NDArray[Any] | None


def far_source(regions: Mapping[str, float]) -> float:
    """Return the probability of the likeliest far region."""
    return max((p for name, p in regions.items() if name.endswith("-far")), default=0.0)


def no_source(regions: Mapping[str, float], distance: str) -> float:
    """Return the probability that no region at the distance, near or far, sounds."""
    return prod(1.0 - p for name, p in regions.items() if name.endswith(f"-{distance}"))


def wants_near_field(regions: Mapping[str, float], at_least: float = NEAR_FIELD_FROM) -> bool:
    """Return whether a second's near field is worth extracting: whether a far source is likely."""
    return far_source(regions) >= at_least


def far_field(seconds: Sequence[HeardSecond]) -> float | None:
    """Return how sure it is that what is heard is far away only, from 0 to 1.

    A second is far-field to the degree that no near region sounds, and not at all where nothing far
    is heard either. The window takes the mean of its seconds times the least probability of any
    that no near region sounds, because one near sound is enough to listen. It is rounded to four
    decimals, and None when nothing was localized.
    """
    if not seconds:
        return None
    without_near = [no_source(second.regions, "near") for second in seconds]
    shares = [
        without
        for second, without in zip(seconds, without_near, strict=True)
        if no_source(second.regions, "far") <= _SILENT_ABOVE
    ]
    return round(sum(shares) / len(seconds) * min(without_near), 4)


def far_only(regions: Mapping[str, float], near_from: float = NEAR_FROM) -> bool:
    """Return whether something far is heard in a second, and nothing near."""
    near = max((p for name, p in regions.items() if name.endswith("-near")), default=0.0)
    return near < near_from and no_source(regions, "far") <= _SILENT_ABOVE


def far_only_segments(
    seconds: Iterable[HeardSecond],
    count: int,
    near_from: float = NEAR_FROM,
) -> NDArray[np.bool_]:
    """Return in which of a window's segments (count,) the sound of any second is far only.

    The scenario that activities are told is estimated without these: a loudspeaker across the room
    says of the wearer's activity as little there as in the activity's own window.
    """
    segments = np.zeros(count, dtype=bool)
    for second in seconds:
        if far_only(second.regions, near_from):
            segments[second.at // SEGMENT_S] = True
    return segments


def attended(scenarios: Collection[str]) -> bool:
    """Return whether far sound says what the wearer does in one of the `scenarios`.

    Of composed validation windows in which television is watched 0.98 are right with its sound, and
    0.63 without.
    """
    return not ATTENDED_FAR.isdisjoint(scenarios)


def interference_gate(
    probability: float | None, above: float, interference: Interference, *, extracted: bool
) -> Gate:
    """Return how a window's audio is used.

    It is `dropped` where it is far-field with a probability above the threshold: then there is no
    near field to keep. Else it is `near` where the near field of a second was `extracted`.
    """
    if interference == "off":
        return "open"
    if probability is not None and probability > above:
        return "dropped"
    return "near" if interference == "near" and extracted else "open"


def gated(
    mel: NDArray[Any] | None,
    seconds: Sequence[HeardSecond],
    interference: Interference,
    above: float = FAR_ABOVE,
    *,
    has_motion: bool = True,
) -> GatedSound:
    """Return what is heard of a window's log-mel (T, 64), of which each second is T/L frames.

    Silence takes the place of dropped audio: that nothing near sounds is known, and says more of
    the wearer than no audio at all. Where there is no motion the audio is never dropped: unreliable
    sound is better than nothing.
    """
    far = far_field(seconds)
    extracted = any(second.near is not None for second in seconds)
    gate = interference_gate(far, above, interference, extracted=extracted)
    if gate == "dropped" and not has_motion:
        gate = interference_gate(None, above, interference, extracted=extracted)
    if mel is None:
        return GatedSound(gate, far, None)
    if gate == "dropped":
        return GatedSound(gate, far, np.zeros_like(mel))
    return GatedSound(gate, far, _near_only(mel, seconds) if gate == "near" else mel)


def _near_only(mel: NDArray[Any], seconds: Sequence[HeardSecond]) -> NDArray[Any]:
    out = np.array(mel)
    for second in seconds:
        if second.near is not None:
            frames = len(second.near.share)
            part = slice(second.at * frames, (second.at + 1) * frames)
            out[part] = second.near.of_mel(out[part])
    return out
