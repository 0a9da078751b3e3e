"""The interference gate (EgoLog §4.3): far-field sound says little about the wearer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.evidence import Gate

# The paper's threshold; a worker takes its setting `far_field_above` instead.
FAR_ABOVE = 0.9


def far_field(seconds: Sequence[Mapping[str, float]]) -> float | None:
    """Return the probability that what is heard is far away only.

    `seconds` holds the eight region probabilities of each second. A second is far-field to the
    degree that some far region sounds and no near one does; the window takes the mean, rounded to
    four decimals, and None when nothing was localized.
    """
    if not seconds:
        return None
    shares = [
        max((p for name, p in regions.items() if name.endswith("-far")), default=0.0)
        * (1.0 - max((p for name, p in regions.items() if name.endswith("-near")), default=0.0))
        for regions in seconds
    ]
    return round(sum(shares) / len(shares), 4)


def interference_gate(probability: float | None, above: float) -> Gate:
    """Return whether the window's audio is used: `dropped` above the threshold (0.9)."""
    return "dropped" if probability is not None and probability > above else "open"
