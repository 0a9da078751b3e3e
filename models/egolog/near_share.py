"""The near field of a second (EgoLog §4.3), as sent and as activity recognition uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SHARE_STEPS = 255
_DECIMALS = 4


@dataclass(frozen=True)
class NearShare:
    """The near field's share of a second, quantised for sending.

    `share` (T, 64) uint8 is its share of the power of each band and frame in steps of 1/255,
    `energy` its share of the whole second's power, in [0, 1].
    """

    share: NDArray[np.uint8]
    energy: float

    @classmethod
    def of(cls, share: NDArray[np.float32], maps: NDArray[np.floating]) -> Self:
        """Round `share` (T, 64) in [0, 1] of `maps` (3, T, 64); a silent second has no energy.

        The energy is computed from the rounded share, so that a message is consistent.
        """
        steps = np.round(share * SHARE_STEPS).astype(np.uint8)
        power = np.expm1(maps[:2].astype(np.float64)).mean(axis=0)  # (T, 64)
        whole = float(power.sum())
        near = float((power * steps).sum()) / SHARE_STEPS
        return cls(steps, round(near / whole, _DECIMALS) if whole > 0 else 0.0)

    def of_mel(self, mel: NDArray[np.floating]) -> NDArray[np.float16]:
        """Return the near field's log-mel (T, 64), given that of both ears' mean."""
        return near_mel(mel, self._share)

    def rest_of_mel(self, mel: NDArray[np.floating]) -> NDArray[np.float16]:
        """Return the log-mel (T, 64) of the rest, which `of_mel` removes."""
        return near_mel(mel, np.float32(1) - self._share)

    @property
    def _share(self) -> NDArray[np.float32]:
        return self.share.astype(np.float32) / np.float32(SHARE_STEPS)


@dataclass(frozen=True)
class NearAndFar:
    """The log-mels (50·L, 64) of a segment of L seconds: its near field, and the rest."""

    near: NDArray[np.floating]
    far: NDArray[np.floating]

    @classmethod
    def of(cls, mel: NDArray[np.floating], shares: Sequence[NearShare | None]) -> Self:
        """Split `mel` (50·L, 64) second by second.

        None means that no far source was likely and no near field extracted; all is near then.
        """
        near, far = [], []
        for second, share in zip(np.split(mel, len(shares)), shares, strict=True):
            near.append(second if share is None else share.of_mel(second))
            far.append(np.zeros_like(second) if share is None else share.rest_of_mel(second))
        return cls(np.concatenate(near), np.concatenate(far))


def near_mel(mel: NDArray[np.floating], share: NDArray[np.float32]) -> NDArray[np.float16]:
    """Return the log-mel (T, 64) of the near field alone: `share` (T, 64) of the power of `mel`."""
    power = np.expm1(mel.astype(np.float64)) * share
    return np.log1p(power).astype(np.float16)
