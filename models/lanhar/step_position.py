"""Where on the body a device is worn, as its wearer's steps show.

Five seconds of somebody who keeps still are alike everywhere, and steps are not: a thigh swings, a
wrist swings slower, a waist is thrown up and a head damps it. So a linear classifier looks at the
measures that LanHAR takes of a window (§3.3.2), in windows of steps alone, and what it says of them
adds up. It is a state of the session in event time; a window counts the less the more steps came
since, so that a device that is put elsewhere is found there.

An ear and a temple move alike and are one place here, the head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, get_args

import numpy as np
from numpy.typing import NDArray

from models.lanhar.resample import to_20_hz
from models.lanhar.rotation_invariant import measures
from models.lanhar.upright import has_steps
from models.network.softmax import softmax
from schemas.position import BodyPosition, EstimatedPosition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PLACES: tuple[EstimatedPosition, ...] = tuple(
    each for each in get_args(EstimatedPosition) if each != "unknown"
)
"""What is told apart."""
FADES = 0.98
"""What a window of steps counts after the next, as for the wearer's upright."""
EVIDENCE = 0.5
"""Power of a window's shares: those of one walk err alike."""
LEAST_SHARE = 0.02
"""No window decides alone."""
LEAST_PROBABILITY = 0.7
"""Below it the position is unknown."""

_RATE = 50.0
_DECIMALS = 9
_SHOWN_DECIMALS = 4

Array = NDArray[np.float64]


@dataclass(frozen=True)
class StepPosition:
    """A linear classifier: `weights` (M, P) and `bias` (P,) of the measures, P as in `PLACES`."""

    weights: Array
    bias: Array

    @classmethod
    def of(cls, tensors: Mapping[str, Any]) -> Self:
        """Return the classifier of a `models.lanhar.position_weights.PositionWeights`' tensors.

        They are arrays, as a weights file holds them, or torch's.
        """
        weights, bias = (np.asarray(tensors[name], np.float64) for name in ("weights", "bias"))
        return cls(weights, bias)

    def log_shares(self, measured: NDArray[Any]) -> Array:
        """(B, M) measures of windows -> the logarithms of their shares (B, P), bounded below."""
        logits = measured.astype(np.float64) @ self.weights + self.bias
        shares = np.array([softmax(each) for each in logits]).reshape(-1, len(PLACES))
        bounded: Array = np.log(np.maximum(shares, LEAST_SHARE))
        return bounded

    def after(self, state: Sequence[float], imu: NDArray[Any]) -> tuple[float, ...]:
        """Return the state that has also seen a window `imu` (N, 6) at 50 Hz, m/s² and rad/s.

        A state is a sum for each of `PLACES`; an empty one knows nothing.
        """
        if not has_steps(imu, _RATE):
            return tuple(state)
        measured = measures(to_20_hz(np.nan_to_num(imu), _RATE)[None])
        return added(state, self.log_shares(measured)[0])


def added(state: Sequence[float], log_shares: Array) -> tuple[float, ...]:
    """Return a state after one more window of steps."""
    before = state if len(state) == len(PLACES) else (0.0,) * len(PLACES)
    return tuple(
        round(FADES * old + EVIDENCE * float(new), _DECIMALS)
        for old, new in zip(before, log_shares, strict=True)
    )


def estimate(state: Sequence[float]) -> BodyPosition | None:
    """Return where the device is by a state, None before any steps."""
    if len(state) != len(PLACES):
        return None
    shares = softmax(np.array(state))
    best = int(shares.argmax())
    probability = round(float(shares[best]), _SHOWN_DECIMALS)
    known = probability >= LEAST_PROBABILITY
    return BodyPosition(at=PLACES[best] if known else "unknown", probability=probability)
