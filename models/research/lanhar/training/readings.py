"""Embed readings of validation users: `python -m models.research.lanhar.training.readings`.

Writes `lanhar_readings`: some windows of each activity, embedded by the shipped sensor encoder.
They determine the margins of labels added by description (`models.lanhar.readings`).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.lanhar import descriptions
from models.lanhar.label_table import LANHAR_LABELS
from models.lanhar.margins import ReadingsConfig
from models.lanhar.readings import LANHAR_READINGS, Readings
from models.lanhar.sensor_encoder import LANHAR_SENSOR
from models.recordings.shared_data import IMU
from models.recordings.splits import in_split
from models.research.lanhar.interpretation.windows import FILES, SAMPLES, concatenate, read_npz
from models.research.lanhar.training.sensor import embed
from models.research.lib.error_lines import one_line_errors
from models.research.lib.recordings_folder import needed_recordings
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from schemas.output_path import output_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.lanhar.sensor_encoder import SensorEncoder
    from models.lanhar.vocabulary import LabelEmbeddings
    from models.research.lanhar.interpretation.windows import Windows

MAX_WINDOWS = 12
"""Windows of an activity in a data set."""
# The stream ranks 5 s, and windows of LanHAR's are 6.
_SPARE = (SAMPLES - 100) // 2


def read(folder: Path, seed: int = 0) -> Windows:
    """Read `MAX_WINDOWS` of each described activity and file at most, of validation users."""
    rng = np.random.default_rng(seed)
    known = list(descriptions.labels())
    parts = []
    for name in FILES:
        windows = read_npz(folder / name)
        ours = np.array([in_split(str(user), "validation") for user in windows.user], bool)
        for label in np.unique(windows.label[ours & np.isin(windows.label, known)]):
            places = np.flatnonzero(ours & (windows.label == label))
            parts.append(windows.where(np.sort(rng.permutation(places)[:MAX_WINDOWS])))
    return concatenate(parts, "readings")


def embedded(
    encoder: SensorEncoder, windows: Windows, labels: LabelEmbeddings, revision: str
) -> Readings:
    """Return windows' middle 5 s as `encoder` of `revision` embeds them, and label vectors."""
    of = tuple(map(str, windows.label))
    learned = tuple(sorted(set(of)))
    readings = Readings(ReadingsConfig(of, learned, revision))
    imu = torch.from_numpy(windows.data[:, _SPARE : SAMPLES - _SPARE])
    readings.readings.copy_(embed(encoder, encoder.inputs(imu)))
    readings.learned.copy_(torch.from_numpy(labels.only(learned).vectors))
    return readings


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.training.readings", description=__doc__
    )
    parser.add_argument("--data", type=Path, help="folder of the data sets")
    parser.add_argument(
        "--out", type=output_folder, default=str(WEIGHTS_DIR), help="folder of the weights"
    )
    options = parser.parse_args(arguments)
    data = needed_recordings(parser, options)
    pin_one_thread()
    registry = Registry(options.out)
    sensor = registry.load(LANHAR_SENSOR)
    labels = registry.load(LANHAR_LABELS).module.labels()
    readings = embedded(sensor.module, read(data / IMU), labels, sensor.revision)
    saved = registry.save(LANHAR_READINGS, readings, half=True)
    print(
        f"{len(readings.config.of)} readings of {len(readings.config.learned)} activities, "
        f"revision {saved.revision}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
