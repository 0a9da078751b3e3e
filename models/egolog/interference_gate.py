"""The interference gate (EgoLog §4.3): far-field sound says little about the wearer.

The paper has two strategies against far sound: drop the audio, or keep only its near field. Both
are here, for the stream and the evaluation. The gate closes if there is only far sound.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from models.network.windows import SEGMENT_S
from schemas.evidence import probabilities_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from models.egolog.near_share import NearShare
    from schemas.evidence import Gate

Interference = Literal["off", "drop", "near"]
"""The strategy: none, drop a far window's audio, or also keep only the near field."""

ATTENDED_FAR = frozenset({"Watching tv"})
"""Scenarios in which the wearer attends to far sound, so that it is not interference."""

# The operating point of the shipped weights, chosen on validation by
# `python -m models.research.evaluation.interference.gate`; a worker takes its setting
# `far_field_above` instead.
FAR_ABOVE = 0.57
# A second counts as without far sound from this probability on; silence is not far-field.
_SILENT_ABOVE = 0.9
# Near sound is present if a near region is this likely; chosen on validation by
# `python -m models.research.evaluation.interference.undisturbed`.
NEAR_FROM = 0.4
# A far source is more likely than not; a worker takes its setting `near_field_from` instead.
NEAR_FIELD_FROM = 0.5


@dataclass(frozen=True)
class GateSecond:
    """One second of a window, at `at` seconds from its start.

    `regions` are the probabilities of the eight regions, `near` the near field's share if it was
    extracted.
    """

    at: int
    regions: Mapping[str, float]
    near: NearShare | None = None


@dataclass(frozen=True)
class GatedSound:
    """A window's sound for activity recognition: `mel` (T, 64), None if there was no audio.

    `far_field` is the probability that decided the gate.
    """

    gate: Gate
    far_field: float | None
    mel: NDArray[Any] | None


def far_source(regions: Mapping[str, float]) -> float:
    """Return the probability of the likeliest far region."""
    return max(probabilities_in(regions, "far"), default=0.0)


def no_source(regions: Mapping[str, float], distance: str) -> float:
    """Return the probability that no region at the distance, near or far, has a source."""
    return prod([1.0 - p for p in probabilities_in(regions, distance)])


def wants_near_field(regions: Mapping[str, float], at_least: float = NEAR_FIELD_FROM) -> bool:
    """Return whether to extract a second's near field, because a far source is likely."""
    return far_source(regions) >= at_least


def far_field(seconds: Sequence[GateSecond]) -> float | None:
    """Return the probability, 0 to 1, that a window has only far sound; None without localization.

    A second's value is the probability that it has no near source, or 0 if it has no far source
    either. The window's is the mean over its seconds times the least probability of no near source,
    because one near sound is enough to keep the audio. It is rounded to four decimals.
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
    """Return whether a second has far sound, but no near sound."""
    near = max(probabilities_in(regions, "near"), default=0.0)
    return near < near_from and no_source(regions, "far") <= _SILENT_ABOVE


def far_only_segments(
    seconds: Iterable[GateSecond],
    count: int,
    near_from: float = NEAR_FROM,
) -> NDArray[np.bool_]:
    """Return which of a window's segments (count,) contain a second with only far sound.

    They are left out of the scenario estimate that conditions activity recognition, because
    interference misleads it there as much as in the activity's own window.
    """
    segments = np.zeros(count, dtype=bool)
    for second in seconds:
        if far_only(second.regions, near_from):
            segments[second.at // SEGMENT_S] = True
    return segments


def is_attended(scenarios: Collection[str]) -> bool:
    """Return whether far sound is relevant to the wearer in one of the `scenarios`.

    On composed validation windows of watching television accuracy is 0.98 with its sound, and 0.63
    without.
    """
    return not ATTENDED_FAR.isdisjoint(scenarios)


def interference_gate(
    probability: float | None, above: float, interference: Interference, *, extracted: bool
) -> Gate:
    """Return how a window's audio is used.

    It is `dropped` if the probability of only far sound is above the threshold, as there is no near
    field to keep. Otherwise it is `near` if a second's near field was `extracted`.
    """
    if interference == "off":
        return "open"
    if probability is not None and probability > above:
        return "dropped"
    return "near" if interference == "near" and extracted else "open"


def apply_gate(
    mel: NDArray[Any] | None,
    seconds: Sequence[GateSecond],
    interference: Interference,
    above: float = FAR_ABOVE,
    *,
    has_motion: bool = True,
) -> GatedSound:
    """Apply the gate to a window's log-mel (T, 64), of which each second is T/L frames.

    Dropped audio is replaced by silence: it is known that there is no near sound, which says more
    about the wearer than missing audio. Without motion the audio is never dropped, because
    unreliable sound is better than nothing.
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


def _near_only(mel: NDArray[Any], seconds: Sequence[GateSecond]) -> NDArray[Any]:
    out = np.array(mel)
    for second in seconds:
        if second.near is not None:
            frames = len(second.near.share)
            part = slice(second.at * frames, (second.at + 1) * frames)
            out[part] = second.near.of_mel(out[part])
    return out
