"""Online calibration of the gain difference between two microphones (EgoLog §4.2.1).

A device's microphones differ by one or two decibels. Without reverberation that is as much as
distinguishes a source at arm's length from one across the room. A source ahead or behind, such as
the wearer's own voice, reaches both ears equally at any distance, so seconds whose sound arrives at
both at the same time reveal the difference; sources at one side are ignored. The estimate is state
of the session in event time, like `models.lanhar.upright`, so that a replay gives the same result.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PLANES = 3
"""Number of maps of two microphones: two log-mels and one GCC-PHAT."""
BANDS = slice(2, 11)
"""Mel bands of 160 to 530 Hz, where the head's shadow is small and small loudspeakers radiate."""
MIDDLE_S = 2.0e-4
"""Time difference at which a second's weight is exp(-1), about twenty degrees off the middle."""
COHERENT = 0.2
"""Least height of the correlation's peak; below it no single source dominates the second."""
SHRINK = 3.0
"""Prior: this many seconds of equal microphones."""
REMEMBERED = 300.0
"""Largest weight of the past, s, so that the estimate adapts when a device is put on again."""
CLIP_DB = 4.0
"""A second's difference from the current estimate is clipped to this."""
LIMIT_DB = 4.0
"""Largest plausible difference of two microphones."""
STEP_DB = 0.25
"""Step of the applied correction; smaller differences do not matter."""
_LAG_S = 1 / 32_000
_DECIBEL = float(np.log(10) / 10)
"""Nats of power."""
_DECIMALS = 6
_BITS_OF_32 = 0x5000


@dataclass(frozen=True)
class MicrophoneBalance:
    """How much louder the first of two microphones is, `db`, estimated from `seconds` of sound."""

    seconds: float = 0.0
    db: float = 0.0

    @classmethod
    def of(cls, values: Sequence[float]) -> MicrophoneBalance:
        """Restore the state from `values`; without all of them nothing is known."""
        return cls(*values) if len(values) == _NUMBERS else cls()

    def values(self) -> tuple[float, ...]:
        """Return the state for `of`."""
        return (self.seconds, self.db)

    def after(self, maps: NDArray[Any]) -> MicrophoneBalance:
        """Return the state updated by a second's `maps` (3, T, 64)."""
        if len(maps) != PLANES:
            return self
        weight, difference = level_difference(maps)
        if weight == 0.0:
            return self
        seconds = min(self.seconds + weight, REMEMBERED)
        pull = min(max(difference - self.db, -CLIP_DB), CLIP_DB)
        db = self.db + weight * pull / (SHRINK + seconds)
        return MicrophoneBalance(
            round(seconds, _DECIMALS), round(min(max(db, -LIMIT_DB), LIMIT_DB), _DECIMALS)
        )

    @property
    def step_db(self) -> float:
        """Return the difference to correct, rounded to the step, dB."""
        return round(self.db / STEP_DB) * STEP_DB

    def correct(self, maps: NDArray[Any]) -> NDArray[Any]:
        """Return a second's `maps` (3, T, 64) corrected to equal microphones.

        Each channel is shifted by half of the difference; silence stays silence. Maps of other
        numbers of microphones are unchanged.
        """
        if len(maps) != PLANES or self.step_db == 0.0:
            return maps
        half = self.step_db * _DECIBEL / 2
        out = maps.copy()
        for channel, nats in enumerate((-half, half)):
            out[channel] = _shift(maps[channel], nats)
        return out


_NUMBERS = len(fields(MicrophoneBalance))


def _shift(mel: NDArray[Any], nats: float) -> NDArray[Any]:
    if mel.dtype != np.float16:
        return _computed_shift(mel, nats)
    # Conversions from and to float16 take five times as long as looking up the result.
    try:
        bits: NDArray[np.uint16] = _float16_shifts(nats).take(mel.view(np.uint16))
    except IndexError:
        return _computed_shift(mel, nats)
    return bits.view(np.float16)


def _computed_shift(mel: NDArray[Any], nats: float) -> NDArray[Any]:
    before = mel.astype(np.float32)
    after = np.maximum(before + np.float32(nats), 0)
    np.copyto(after, before, where=before <= 0)
    shifted: NDArray[Any] = after.astype(mel.dtype)
    return shifted


# Either channel moves by one of 16 amounts up or down; a table takes 40 kB.
@lru_cache(maxsize=32)
def _float16_shifts(nats: float) -> NDArray[np.uint16]:
    """Return the bits of each shifted float16 below 32, by its own bits; no log-mel is above."""
    every = np.arange(_BITS_OF_32, dtype=np.uint16).view(np.float16)
    return _computed_shift(every, nats).view(np.uint16)


def balanced_in_turn(seconds: NDArray[Any]) -> NDArray[Any]:
    """Return maps (L, M, T, 64) balanced in order, as in a session that starts with the first."""
    balance, out = MicrophoneBalance(), np.array(seconds)
    for at, maps in enumerate(seconds):
        balance = balance.after(maps)
        out[at] = balance.correct(maps)
    return out


def level_difference(maps: NDArray[Any]) -> tuple[float, float]:
    """Return the weight, 0 to 1, of a second's `maps` (3, T, 64), and its level difference, dB.

    Frames are weighted by their power. A second without a common source has weight 0.
    """
    power = np.expm1(maps[:2, :, BANDS].astype(np.float64)).sum(axis=2)  # (2, T)
    first, second = power.sum(axis=1)
    if first <= 0.0 or second <= 0.0:
        return 0.0, 0.0
    frames = power.sum(axis=0)
    correlation = frames @ maps[2].astype(np.float64) / frames.sum()  # (64,)
    peak = int(correlation.argmax())
    if correlation[peak] < COHERENT:
        return 0.0, 0.0
    apart = (peak - len(correlation) // 2) * _LAG_S / MIDDLE_S
    return float(np.exp(-(apart**2))), float(np.log(first / second) / _DECIBEL)
