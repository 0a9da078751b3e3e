"""Estimating a device's position on the body from its wearer's steps.

While the wearer is still, five seconds look the same at every position, but steps differ: a thigh
swings, a wrist swings slower, a waist is thrown upwards and a head damps it. So a linear classifier
of LanHAR's measures (§3.3.2) is applied to windows with steps only, and its log-probabilities are
accumulated. The sum is state of the session in event time; it decays with every further window of
steps, so that a device that is moved is recognised at its new position.

Ears and temples move alike, and are one position here, the head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, get_args

import numpy as np
from numpy.typing import NDArray

from models.lanhar.resample import to_20_hz
from models.lanhar.rotation_invariant import measures
from models.lanhar.upright import FADES, has_steps
from models.network.rotation import has_rotation
from models.network.softmax import softmax
from schemas.position import BodyPosition, EstimatedPosition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PLACES: tuple[EstimatedPosition, ...] = tuple(
    each for each in get_args(EstimatedPosition) if each != "unknown"
)
"""The distinguished positions."""
EVIDENCE = 0.5
"""Exponent of a window's probabilities, because errors within one walk are correlated."""
LEAST_SHARE = 0.02
"""Lower bound of a window's probabilities, so that no single window decides."""
LEAST_PROBABILITY = 0.7
"""Least probability of an estimate; below it the position is unknown."""

_RATE = 50.0
_DECIMALS = 9
_SHOWN_DECIMALS = 4
# Steps show nothing for certain.
_MOST = 0.9999

Array = NDArray[np.float64]


@dataclass(frozen=True)
class StepPosition:
    """A linear classifier: `weights` (M, P) and `bias` (P,) of the measures, P as in `PLACES`."""

    weights: Array
    bias: Array

    @classmethod
    def of(cls, tensors: Mapping[str, Any]) -> Self:
        """Return the classifier of a `models.lanhar.position_weights.PositionWeights`' tensors.

        They may be numpy arrays, as in a weights file, or torch tensors.
        """
        weights, bias = (np.asarray(tensors[name], np.float64) for name in ("weights", "bias"))
        return cls(weights, bias)

    def log_shares(self, measured: NDArray[Any]) -> Array:
        """(B, M) measures of windows -> log-probabilities (B, P), bounded below."""
        logits = measured.astype(np.float64) @ self.weights + self.bias
        shares = np.array([softmax(each) for each in logits]).reshape(-1, len(PLACES))
        bounded: Array = np.log(np.maximum(shares, LEAST_SHARE))
        return bounded

    def after(self, state: Sequence[float], imu: NDArray[Any]) -> tuple[float, ...]:
        """Return the state updated by a window `imu` (N, 6) at 50 Hz, m/s² and rad/s.

        A state is a sum per position of `PLACES`; it starts empty. Without a gyroscope it stays
        as it is, because the classifier compares how devices rotate.
        """
        if not has_rotation(imu) or not has_steps(imu, _RATE):
            return tuple(state)
        measured = measures(to_20_hz(np.nan_to_num(imu), _RATE)[None])
        return add_window(state, self.log_shares(measured)[0])


def add_window(state: Sequence[float], log_shares: Array) -> tuple[float, ...]:
    """Return a state updated by one more window of steps."""
    before = state if len(state) == len(PLACES) else (0.0,) * len(PLACES)
    return tuple(
        round(FADES * old + EVIDENCE * float(new), _DECIMALS)
        for old, new in zip(before, log_shares, strict=True)
    )


def estimate(state: Sequence[float]) -> BodyPosition | None:
    """Return the estimated position, or None before any steps."""
    if len(state) != len(PLACES):
        return None
    shares = softmax(np.array(state))
    best = int(shares.argmax())
    probability = min(round(float(shares[best]), _SHOWN_DECIMALS), _MOST)
    known = probability >= LEAST_PROBABILITY
    return BodyPosition(at=PLACES[best] if known else "unknown", probability=probability)
