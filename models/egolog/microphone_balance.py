"""How much louder one of two microphones is than the other, learned in event time (EgoLog §4.2.1).

Two microphones of a device differ by a decibel or two, and in the dry that is as much as tells a
source at arm's reach from one across the room. What stands ahead or behind reaches both ears alike,
however near it is: the wearer's own voice, for one. So seconds whose sound arrives at both at once
say how the microphones differ, and a source that stays at one side says nothing, near or far. It is
a state of the session like the wearer's upright (`models.lanhar.upright`): the seconds before
decide it and nothing else, so that a replay hears alike.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PLANES = 3
"""Maps of a second that two microphones heard: two log-mels and one GCC-PHAT."""
BANDS = slice(2, 11)
"""Mel bands of 160 to 530 Hz: a head casts little shadow there, and small loudspeakers sound."""
MIDDLE_S = 2.0e-4
"""Difference of arrival at which a second counts exp(-1): some twenty degrees from the middle."""
COHERENT = 0.2
"""Height of the correlation's peak below which no single sound fills the second."""
SHRINK = 3.0
"""Seconds of two alike microphones that everybody begins with."""
REMEMBERED = 300.0
"""Seconds that count at most: a device that is put on anew is learned anew."""
CLIP_DB = 4.0
"""How far a second's difference may be from what is known by then; what is further counts alike."""
LIMIT_DB = 4.0
"""No maker lets two microphones differ by more."""
STEP_DB = 0.25
"""What is corrected comes in such steps: less is not heard."""
_LAG_S = 1 / 32_000
_DECIBEL = float(np.log(10) / 10)
"""Nats of power."""
_DECIMALS = 6


@dataclass(frozen=True)
class MicrophoneBalance:
    """`db` by which the first of two microphones is louder, by so many `seconds` of sound."""

    seconds: float = 0.0
    db: float = 0.0

    @classmethod
    def of(cls, values: Sequence[float]) -> MicrophoneBalance:
        """Return what `values` says; nothing is known where one is missing."""
        return cls(*values) if len(values) == _NUMBERS else cls()

    def values(self) -> tuple[float, ...]:
        """Return what `of` reads."""
        return (self.seconds, self.db)

    def after(self, maps: NDArray[Any]) -> MicrophoneBalance:
        """Return the state that has also heard a second's `maps` (3, T, 64)."""
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
        """Return the difference that is corrected, in dB."""
        return round(self.db / STEP_DB) * STEP_DB

    def balanced(self, maps: NDArray[Any]) -> NDArray[Any]:
        """Return a second's `maps` (3, T, 64) as two microphones that are alike would hear it.

        Each is moved by half of the difference; silence stays silence. Maps of another number of
        microphones stay as they are.
        """
        if len(maps) != PLANES or self.step_db == 0.0:
            return maps
        half = self.step_db * _DECIBEL / 2
        mel = maps[:2].astype(np.float32)
        moved = np.maximum(mel + np.array([-half, half], np.float32)[:, None, None], 0)
        np.copyto(moved, mel, where=mel <= 0)
        out = maps.copy()
        out[:2] = moved
        return out


_NUMBERS = len(fields(MicrophoneBalance))


def balanced_in_turn(seconds: NDArray[Any]) -> NDArray[Any]:
    """Return maps (L, M, T, 64) as a session hears them that begins with the first of them."""
    balance, out = MicrophoneBalance(), np.array(seconds)
    for at, maps in enumerate(seconds):
        balance = balance.after(maps)
        out[at] = balance.balanced(maps)
    return out


def level_difference(maps: NDArray[Any]) -> tuple[float, float]:
    """Return how much a second's `maps` (3, T, 64) counts, 0 to 1, and its difference in dB.

    Frames count by their power. A second whose microphones hear no common sound counts for nothing.
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
