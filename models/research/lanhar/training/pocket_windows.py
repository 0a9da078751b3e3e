"""Windows of pockets with what the shipped sensor encoder makes of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.lanhar.space import TEMPERATURE
from models.lanhar.thigh import posture_logits
from models.lanhar.upright import uprights

if TYPE_CHECKING:
    from models.recordings.datasets.labelled_windows import LabelledWindows
    from models.serving.open_vocabulary import Lanhar

Array = NDArray[np.float64]
FILES = ("wisdm19_phone_20hz.npz", "geotec_phone_50hz.npz")
"""Data sets of pockets."""


@dataclass(frozen=True)
class PocketWindows:
    """N windows of a data set, each wearer's in order of time.

    `logits` (N, K) of the labels in force as the stream has them, `plain` (N, K) with the upright
    unknown, `right` (N, K) the labels that are, `measures` (N, M).
    """

    wearers: NDArray[np.str_]
    starts_s: Array
    logits: Array
    plain: Array
    right: NDArray[np.bool_]
    measures: NDArray[np.float32]

    def of(self, rows: NDArray[np.bool_]) -> PocketWindows:
        """Return the windows `rows` (N,)."""
        return PocketWindows(*(getattr(self, each.name)[rows] for each in fields(self)))


def score_windows(lanhar: Lanhar, windows: LabelledWindows) -> PocketWindows:
    """Return the windows with what the shipped encoder makes of them."""
    vectors, names = lanhar.shipped.vectors.astype(np.float64), lanhar.shipped.names
    logits, plain, measured = [], [], []
    for imu, position, upright in zip(
        windows.imu, windows.positions, uprights(windows.imu, windows.wearers), strict=True
    ):
        cosine = upright.cosine(imu)
        reading = lanhar.read(imu, cosine)
        likeness = vectors @ reading.vector / TEMPERATURE
        logits.append(likeness + posture_logits(names, position, cosine))
        plain.append(vectors @ lanhar.read(imu).vector / TEMPERATURE)
        measured.append(reading.measures)
    return PocketWindows(
        np.array(windows.wearers),
        np.array(windows.starts_s),
        np.array(logits),
        np.array(plain),
        np.array([[name in each for name in names] for each in windows.names], bool),
        np.array(measured),
    )


def concatenate(*parts: PocketWindows) -> PocketWindows:
    """Return the windows of all parts, one after the other."""
    return PocketWindows(
        *(
            np.concatenate([getattr(part, each.name) for part in parts])
            for each in fields(PocketWindows)
        )
    )
