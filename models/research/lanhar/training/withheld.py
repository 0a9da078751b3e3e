"""Labels that are added for activities without a reading: `... lanhar.training.withheld`.

Active activities with readings are withheld in turn, three at a time, from the training of a sensor
encoder, and their labels are added by description. Training users are trained on, validation users
evaluated, so that choices are made on them. The text encoder is the shipped one, which was
trained on readings of all activities.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from models.lanhar.label_table import LANHAR_LABELS
from models.lanhar.margins import ReadingsConfig
from models.lanhar.readings import Readings
from models.lanhar.sensor_encoder import SensorEncoder, measures_of
from models.lanhar.text_encoder import LANHAR_TEXT
from models.recordings.shared_data import IMU
from models.recordings.splits import in_split
from models.research.lanhar.interpretation.windows import WindowsError
from models.research.lanhar.training.__main__ import ShippedSettings, read
from models.research.lanhar.training.sensor import TrainingSet, embed, train_sequence
from models.research.lanhar.training.transfer import encode, interpret
from models.research.lib.error_lines import one_line_errors
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.weights_folder import weights_folder
from models.serving.one_thread import pin_one_thread
from models.serving.open_vocabulary import IN_FORCE
from models.serving.registry import WEIGHTS_DIR, Registry
from schemas.atomic_file import write_atomically
from schemas.option_bounds import check_minimums
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from models.lanhar.vocabulary import LabelEmbeddings
    from models.research.lanhar.interpretation.windows import Windows
    from models.research.lanhar.training.sensor import SensorSettings
    from models.research.lanhar.training.transfer import Interpreted

Figures = dict[str, Any]

AT_ONCE = 3
MOST = 65
STEPS = 160
LEAST = 5
"""An activity with fewer windows of validation users is not scored."""


def folds(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the names in groups of three, so that what is listed together is apart."""
    count = -(-len(names) // AT_ONCE)
    return [tuple(names[at::count]) for at in range(count)]


def measure(
    read_of: Interpreted,
    texts: Tensor,
    labels: LabelEmbeddings,
    settings: SensorSettings,
    seed: int,
) -> Figures:
    """Return recall and share claimed of each withheld activity of validation users, and means.

    Raises `WindowsError` if there are too few windows to score any.
    """
    windows = read_of.windows
    trains = np.array([in_split(str(user), "train") for user in windows.user], bool)
    checks = np.array([in_split(str(user), "validation") for user in windows.user], bool)
    there = set(windows.label[trains].tolist())
    rows = {}
    for fold in folds([name for name in IN_FORCE if name in there]):
        trained_on = trains & ~np.isin(windows.label, fold)
        encoder = trained(windows, texts, trained_on, labels, settings, seed)
        vectors = embed(encoder, encoder.inputs(torch.from_numpy(windows.data)))
        kept = kept_of(vectors, windows.label, trained_on, labels)
        for name in fold:
            known = [n for n in IN_FORCE if n in kept.config.learned]
            row = added(kept, labels.only([*known, name]), vectors[checks], windows.label[checks])
            if row["windows"] >= LEAST:
                rows[name] = row
    if not rows:
        raise WindowsError(
            f"{windows.name}: validation users have fewer than {LEAST} windows of each withheld "
            "activity; expected more of one"
        )
    columns = ("recall", "claimed", "recall_without_margin", "claimed_without_margin")
    means = {c: float(np.mean([row[c] for row in rows.values()])) for c in columns}
    return {**means, "claimed_most": max(row["claimed"] for row in rows.values()), "labels": rows}


def trained(
    windows: Windows,
    texts: Tensor,
    trained_on: NDArray[np.bool_],
    labels: LabelEmbeddings,
    settings: SensorSettings,
    seed: int,
) -> SensorEncoder:
    """Return a sensor encoder that learned from the windows `trained_on` (N,) alone."""
    places = torch.from_numpy(np.flatnonzero(trained_on))
    imu = torch.from_numpy(windows.data)[places]
    torch.manual_seed(seed)
    encoder = SensorEncoder(ShippedSettings().encoder)
    encoder.standardise(measures_of(imu))
    owner = torch.tensor([labels.names.index(str(name)) for name in windows.label[trained_on]])
    learned = TrainingSet(encoder.inputs(imu), texts[places], owner)
    train_sequence(encoder, [learned], torch.from_numpy(labels.vectors), seed, settings)
    return encoder


def kept_of(
    vectors: Tensor, label: NDArray[np.str_], trained_on: NDArray[np.bool_], labels: LabelEmbeddings
) -> Readings:
    """Return the readings that the margins are set on: those that were learned from."""
    of = tuple(map(str, label[trained_on]))
    readings = Readings(ReadingsConfig(of, tuple(sorted(set(of)))))
    readings.readings.copy_(vectors[torch.from_numpy(trained_on)])
    readings.learned.copy_(torch.from_numpy(labels.only(readings.config.learned).vectors))
    return readings


def added(
    kept: Readings, labels: LabelEmbeddings, vectors: Tensor, label: NDArray[np.str_]
) -> Figures:
    """Score the last of `labels` as one that is added, against activities that were learned."""
    name, last = labels.names[-1], len(labels.names) - 1
    read = vectors.double().numpy()
    likeness = read @ labels.vectors.astype(np.float64).T
    ranked = kept.margins(labels.names, labels.vectors, [name]).adjust(likeness, read)
    claims, plainly = (scores.argmax(axis=1) == last for scores in (ranked, likeness))
    its, others = label == name, np.isin(label, kept.config.learned)
    return {
        "windows": int(its.sum()),
        "recall": _share(claims[its]),
        "claimed": _share(claims[others]),
        "recall_without_margin": _share(plainly[its]),
        "claimed_without_margin": _share(plainly[others]),
    }


def _share(rows: NDArray[np.bool_]) -> float:
    return float(rows.mean()) if len(rows) else 0.0


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.training.withheld", description=__doc__
    )
    parser.add_argument("--data", type=Path, help="folder of the data sets")
    parser.add_argument(
        "--weights", type=weights_folder, default=WEIGHTS_DIR, help="folder of the weights"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS, help="training steps of each encoder")
    parser.add_argument(
        "--most", type=int, default=MOST, help="windows of an activity in a data set"
    )
    parser.add_argument("--json", type=output_file, help="output file of the figures")
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seed=0, steps=0, most=1)
    data = needed_recordings(parser, options)
    pin_one_thread()
    registry = Registry(options.weights)
    read_of = interpret(read(data / IMU, True, options.most, options.seed), options.seed)
    texts = encode(registry.load(LANHAR_TEXT).module, read_of)
    labels = registry.load(LANHAR_LABELS).module.labels()
    settings = replace(ShippedSettings().sensor, steps=options.steps, batch=64)
    figures = measure(read_of, texts, labels, settings, options.seed)
    for name, row in figures["labels"].items():
        print(f"{name}: recall {row['recall']:.2f}, claimed {row['claimed']:.3f}")
    print(
        f"recall {figures['recall']:.3f}, claimed {figures['claimed']:.3f}, at most "
        f"{figures['claimed_most']:.3f}; without margins {figures['recall_without_margin']:.3f}, "
        f"{figures['claimed_without_margin']:.3f}"
    )
    if options.json is not None:
        write_atomically(options.json, json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
