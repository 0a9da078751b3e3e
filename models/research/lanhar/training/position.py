"""Train the classifier of a device's body position from steps: `... lanhar.training.position`.

A logistic regression on LanHAR's measures, trained on training users of glasses, pockets, wrists
and waists with balanced classes. `models.research.lanhar.evaluation.positions` evaluates it.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.lanhar.position_weights import LANHAR_POSITION, PositionWeights
from models.lanhar.resample import to_20_hz
from models.lanhar.rotation_invariant import measures
from models.lanhar.step_position import PLACES
from models.lanhar.upright import has_steps
from models.recordings.datasets.labelled_windows import read
from models.recordings.datasets.trained_motion import PLACE_OF
from models.recordings.shared_data import IMU
from models.research.lib.error_lines import one_line_errors
from models.research.lib.recordings_folder import needed_recordings
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from schemas.extras import needs
from schemas.output_path import output_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from models.recordings.splits import Split

STRENGTH = 0.1
"""Inverse of the regression's penalty."""
_RATE = 50.0


@dataclass(frozen=True)
class Walked:
    """Windows of a data set in their order: `measured` (B, M) those of steps, which are `steps`."""

    measured: NDArray[np.float32]
    steps: NDArray[np.bool_]
    wearers: Sequence[str]


def walked(path: Path, split: Split | None) -> Walked:
    """Read the windows of a file, of its users in `split`."""
    windows = read(path, split=split)
    steps = np.array([has_steps(imu, _RATE) for imu in windows.imu], bool)
    even = [to_20_hz(np.nan_to_num(imu), _RATE) for imu in windows.imu[steps]]
    wearers = windows.wearers or ("",) * len(windows)
    measured = measures(np.stack(even)) if even else np.zeros((0, 0), np.float32)
    return Walked(measured, steps, wearers)


def trained(parts: Mapping[str, Walked]) -> PositionWeights:
    """Return a classifier trained on windows by place.

    Raises `MissingExtraError` without scikit-learn.
    """
    with needs("sklearn", "training what tells positions needs"):
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import StandardScaler
    values = np.concatenate([part.measured for part in parts.values()])
    places = [PLACES.index(PLACE_OF[name]) for name, part in parts.items() for _ in part.measured]
    scaler = StandardScaler().fit(values)
    fitted = LogisticRegression(C=STRENGTH, max_iter=2000, class_weight="balanced")
    fitted.fit(scaler.transform(values), places)
    weights = fitted.coef_.T / scaler.scale_[:, None]
    module = PositionWeights()
    module.weights.copy_(torch.from_numpy(weights))
    module.bias.copy_(torch.from_numpy(fitted.intercept_ - scaler.mean_ @ weights))
    return module


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.training.position", description=__doc__
    )
    parser.add_argument("--data", type=Path, help="folder of the data sets")
    parser.add_argument(
        "--out", type=output_folder, default=str(WEIGHTS_DIR), help="folder of the weights"
    )
    options = parser.parse_args(arguments)
    data = needed_recordings(parser, options)
    pin_one_thread()
    module = trained({name: walked(data / IMU / name, "train") for name in PLACE_OF})
    print(Registry(options.out).save(LANHAR_POSITION, module).revision)
    return 0


if __name__ == "__main__":
    sys.exit(main())
