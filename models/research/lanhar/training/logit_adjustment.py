"""Fit the adjustment of labels' logits in pockets: `... lanhar.training.logit_adjustment`.

The constants that make the labels of training and validation users likeliest, all labels counting
alike, belong into `ADJUSTMENTS` of `models.lanhar.logit_adjustment`. Each validation user's
windows are also ranked in order with the constants that all other users give, and the macro-F1
printed beside that without.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import softmax

from models.lanhar.thigh import posture_logits
from models.lanhar.upright import uprights
from models.lanhar.vocabulary import TEMPERATURE
from models.recordings.datasets.labelled_windows import read
from models.recordings.shared_data import IMU
from models.research.lanhar.training.scores import macro_f1
from models.research.lib.recordings_folder import needed_recordings
from models.serving.one_thread import pin_one_thread
from models.serving.open_vocabulary import require_lanhar
from models.serving.registry import WEIGHTS_DIR, Registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.lanhar.label_memory import LabelMemory
    from models.recordings.datasets.labelled_windows import LabelledWindows
    from models.serving.open_vocabulary import Lanhar

Array = NDArray[np.float64]

FILES = ("wisdm19_phone_20hz.npz", "geotec_phone_50hz.npz")
"""Data sets of pockets."""
PENALTY = 0.003
"""Weight of the constants' squares beside the mean log-likelihood."""
_DECIMALS = 1


@dataclass(frozen=True)
class PocketWindows:
    """N windows of pockets: `logits` (N, K) of the labels in force and which are `right` (N, K)."""

    windows: LabelledWindows
    logits: Array
    right: NDArray[np.bool_]

    def of(self, rows: NDArray[np.bool_]) -> PocketWindows:
        """Return the windows `rows` (N,)."""
        windows = self.windows.take(np.flatnonzero(rows).tolist())
        return PocketWindows(windows, self.logits[rows], self.right[rows])


def scored(lanhar: Lanhar, windows: LabelledWindows) -> PocketWindows:
    """Return the windows with their logits, each wearer's in order of time."""
    vectors, names = lanhar.shipped.vectors.astype(np.float64), lanhar.shipped.names
    logits = []
    for imu, upright in zip(windows.imu, uprights(windows.imu, windows.wearers), strict=True):
        cosine = upright.cosine(imu)
        likeness = vectors @ lanhar.vocabulary.embed(imu, posture=cosine)
        logits.append(likeness / TEMPERATURE + posture_logits(names, windows.position, cosine))
    right = np.array([[name in each for name in names] for each in windows.names], bool)
    return PocketWindows(windows, np.array(logits), right)


def fitted(logits: Array, right: NDArray[np.bool_], penalty: float = PENALTY) -> Array:
    """Return the constants (K,) that make right labels likeliest; 0 for labels that never are.

    Windows without a right label are left out. Labels count alike, however many windows they have.
    """
    labelled = right.any(axis=1)
    logits, right = logits[labelled], right[labelled]
    first = right.argmax(axis=1)
    weights = 1 / np.bincount(first, minlength=right.shape[1])[first]
    weights /= weights.sum()
    occurs = right.any(axis=0)

    def loss(constants: Array) -> tuple[float, Array]:
        shares = softmax(logits + constants * occurs, axis=1)  # (N, K)
        correct = shares * right
        total = correct.sum(axis=1, keepdims=True)
        slope = weights @ (shares - correct / total)
        value = -weights @ np.log(total[:, 0]) + penalty * constants @ constants
        return float(value), occurs * slope + 2 * penalty * constants

    found = minimize(loss, np.zeros(right.shape[1]), jac=True, method="L-BFGS-B").x
    constants: Array = found * occurs
    return constants


def remembered_f1(
    memory: LabelMemory, scored: Sequence[PocketWindows], constants: Sequence[Array]
) -> float:
    """Return the macro-F1 with each part's `constants` (K,), filtered as in the stream."""
    true, found = [], []
    for part, added in zip(scored, constants, strict=True):
        windows = part.windows
        latest: defaultdict[str, Sequence[float]] = defaultdict(tuple)
        for logits, right, wearer, start_s in zip(
            part.logits, part.right, windows.wearers, windows.starts_s, strict=True
        ):
            shares = softmax(logits + added)
            latest[wearer] = memory.after(latest[wearer], start_s, shares, windows.position)
            if not right.any():
                continue
            best = int(memory.shares(latest[wearer], windows.position).argmax())
            own = sorted(np.array(memory.names)[right])
            found.append(memory.names[best])
            true.append(memory.names[best] if right[best] else own[0])
    return macro_f1(np.array(true), np.array(found))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.training.logit_adjustment",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="folder of the recordings")
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help="folder of the weights")
    options = parser.parse_args(arguments)
    folder = needed_recordings(parser, options) / IMU
    pin_one_thread()
    lanhar = require_lanhar(Registry(options.weights))
    names = lanhar.shipped.names
    learned = [scored(lanhar, read(folder / name, split="train")) for name in FILES]
    checked = {name: scored(lanhar, read(folder / name, split="validation")) for name in FILES}
    everyone = [*learned, *checked.values()]
    for name, part in checked.items():
        others = [each for each in everyone if each is not part]
        wearers = np.array(part.windows.wearers)
        parts, constants = [], []
        for wearer in dict.fromkeys(part.windows.wearers):
            constants.append(fitted(*_together([*others, part.of(wearers != wearer)])))
            parts.append(part.of(wearers == wearer))
        before = remembered_f1(lanhar.memory, parts, [np.zeros(len(names))] * len(parts))
        after = remembered_f1(lanhar.memory, parts, constants)
        print(f"{name}: macro-F1 {before:.3f} before, {after:.3f} with those of all other users")
    for label, value in zip(names, fitted(*_together(everyone)), strict=True):
        if round(float(value), _DECIMALS):
            print(f"{label}: {value:.{_DECIMALS}f}")
    return 0


def _together(parts: Sequence[PocketWindows]) -> tuple[Array, NDArray[np.bool_]]:
    """Return the logits (N, K) of all parts' windows, and which are right (N, K)."""
    return (
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.right for part in parts]),
    )


if __name__ == "__main__":
    sys.exit(main())
