"""Train the motion networks for devices without a gyroscope: `... research.without_gyroscope`.

Many wristbands, loggers and recordings have acceleration alone. What a network reads from all of
the motion, a copy of it learns here to read from acceleration, on real motion of training users:
the two IMU encoders (EgoLog §4.1.2) and LanHAR's sensor encoder (§3.5). A worker runs the copies
where nothing has rotated. The macro-F1 printed is that of validation users, each window by itself.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from models.egolog.contrastive import ENCODERS
from models.lanhar.label_table import LANHAR_LABELS
from models.lanhar.sensor_encoder import LANHAR_SENSOR
from models.recordings.datasets.labelled_windows import read
from models.recordings.shared_data import IMU
from models.research.lanhar.training.last_layers import FILES_OF_MOTION
from models.research.lib.error_lines import one_line_errors
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.weights_folder import add_weights_and_out, out_folder
from models.research.without_gyroscope.derived import write_derived
from models.research.without_gyroscope.imu_encoders import (
    LENGTHS,
    EncoderSettings,
    train_imu_encoders,
)
from models.research.without_gyroscope.motion import without_gyroscope
from models.research.without_gyroscope.sensor_encoder import (
    AccelerationSettings,
    SensorWindows,
    score,
    train_sensor_encoder,
)
from models.serving.one_thread import pin_one_thread
from models.serving.open_vocabulary import in_force_by_default
from models.serving.registry import Registry
from models.serving.served import ENCODERS as SERVED_ENCODERS
from models.serving.served import LANHAR_SENSOR as SERVED_SENSOR
from schemas.option_bounds import check_minimums

if TYPE_CHECKING:
    from collections.abc import Sequence

PARTS = ("encoders", "lanhar_sensor")


def train_encoders(registry: Registry, data: Path, out: Path, seed: int, steps: int) -> None:
    """Train and write the copies of the IMU encoders."""
    parts = [
        torch.cat(
            [
                torch.from_numpy(read(data / IMU / name, rows, "train").imu)
                for name in FILES_OF_MOTION
            ]
        )
        for rows in LENGTHS
    ]
    student = train_imu_encoders(
        registry.load(ENCODERS).module, parts, seed, EncoderSettings(steps=steps)
    )
    made = write_derived(registry, SERVED_ENCODERS, student, out)
    print(f"encoders for acceleration alone: revision {made.revision}")


def train_sensor(registry: Registry, data: Path, out: Path, seed: int, steps: int) -> None:
    """Train and write the copy of LanHAR's sensor encoder."""
    settings = AccelerationSettings(steps=steps)
    teacher = registry.load(LANHAR_SENSOR).module
    described = registry.load(LANHAR_LABELS).module.labels()
    in_force = in_force_by_default(described)
    vectors = torch.from_numpy(in_force.vectors)
    shown = [read(data / IMU / name, split="train") for name in FILES_OF_MOTION]
    whole, alone = (
        [SensorWindows.of(each, in_force.names, settings.rarer) for each in windows]
        for windows in (shown, map(without_gyroscope, shown))
    )
    student = train_sensor_encoder(teacher, whole, alone, vectors, seed, settings)
    for name in FILES_OF_MOTION:
        windows = read(data / IMU / name, split="validation")
        seen, blind = (
            SensorWindows.of(each, in_force.names) for each in (windows, without_gyroscope(windows))
        )
        before, with_it = (score(teacher, each, in_force.names, vectors) for each in (blind, seen))
        now = score(student, blind, in_force.names, vectors)
        print(
            f"{name}: macro-F1 {before:.3f} before, {now:.3f} now, {with_it:.3f} with a gyroscope"
        )
    made = write_derived(registry, SERVED_SENSOR, student, out)
    print(f"lanhar_sensor for acceleration alone: revision {made.revision}")


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.without_gyroscope", description=__doc__
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all")
    parser.add_argument("--data", type=Path, help="folder of the data sets")
    add_weights_and_out(parser, "teachers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--encoder-steps", type=int, default=EncoderSettings.steps)
    parser.add_argument("--sensor-steps", type=int, default=AccelerationSettings.steps)
    options = parser.parse_args(arguments)
    if wrong := sorted({*options.parts} - {*PARTS}):
        parser.error(f"part {wrong[0]!r} is unknown; expected {' or '.join(PARTS)}")
    check_minimums(parser, options, seed=0, encoder_steps=1, sensor_steps=1)
    data = needed_recordings(parser, options)
    pin_one_thread()
    registry, out = Registry(options.weights), out_folder(options)
    parts = options.parts or PARTS
    if "encoders" in parts:
        train_encoders(registry, data, out, options.seed, options.encoder_steps)
    if "lanhar_sensor" in parts:
        train_sensor(registry, data, out, options.seed, options.sensor_steps)
    return 0


if __name__ == "__main__":
    sys.exit(main())
