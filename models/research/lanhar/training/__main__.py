"""Train and write the shipped weights: `python -m models.research.lanhar.training [--data FOLDER]`.

Readings of HAPT (waist), ClassyGlass (glasses) and WISDM (pocket and wrist) with all their labels,
every fifth user left out. Writes `lanhar_text`, `lanhar_sensor` and `lanhar_labels`, the vectors of
all described activities; `--check` measures the users left out instead of writing.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.lanhar import descriptions
from models.lanhar.label_table import LANHAR_LABELS, LabelTable
from models.lanhar.sensor_encoder import (
    LANHAR_SENSOR,
    Inputs,
    SensorEncoder,
    SensorEncoderConfig,
    measures_of,
)
from models.lanhar.text_encoder import LANHAR_TEXT, WordEncoder
from models.lanhar.vocabulary import embed_labels
from models.recordings.shared_data import IMU
from models.recordings.splits import in_split
from models.research.lanhar.interpretation.windows import FILES, Windows, concatenate, read_npz
from models.research.lanhar.training.augment import augment
from models.research.lanhar.training.distil import word_encoder
from models.research.lanhar.training.scores import accuracy, macro_f1
from models.research.lanhar.training.sensor import (
    SensorSettings,
    TrainingSet,
    embed,
    train_sequence,
)
from models.research.lanhar.training.text import TextSettings, train_text
from models.research.lanhar.training.transfer import Interpreted, encode, inputs_of, interpret
from models.research.lib.error_lines import one_line_errors
from models.research.lib.recordings_folder import needed_recordings
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from schemas.option_bounds import check_minimums
from schemas.output_path import output_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_MAX_WINDOWS = 400


@dataclass(frozen=True)
class ShippedSettings:
    """Longer than a run between two data sets: more activities, and nothing to adapt to."""

    text: TextSettings = field(default_factory=lambda: TextSettings(steps=600, batch=24))
    sensor: SensorSettings = field(
        default_factory=lambda: SensorSettings(
            steps=1_600, batch=96, copies=2, sequence_contrast=0.1, sequence_jitter=0.2
        )
    )
    # The gait branch knows the paper's four activities only.
    encoder: SensorEncoderConfig = field(default_factory=lambda: SensorEncoderConfig(gait=False))
    most: int = _MAX_WINDOWS


def training_users(windows: Windows, training: bool) -> NDArray[np.bool_]:
    """Return which windows are of users that train, or of every fifth, who does not."""
    return np.array([in_split(str(user), "test") != training for user in windows.user], dtype=bool)


def read(
    folder: Path, training: bool, most: int, seed: int, files: Sequence[str] = FILES
) -> Windows:
    """Read described activities of all `files`, at most `most` windows of one in each."""
    rng = np.random.default_rng(seed)
    known = set(descriptions.labels())
    parts = []
    for name in files:
        windows = read_npz(folder / name)
        chosen = training_users(windows, training) & np.isin(windows.label, list(known))
        kept = []
        for label in np.unique(windows.label[chosen]):
            places = np.flatnonzero(chosen & (windows.label == label))
            kept.append(rng.permutation(places)[:most])
        parts.append(windows.where(np.sort(np.concatenate(kept))))
    return concatenate(parts, "training" if training else "test")


def train(readings: Interpreted, seed: int, settings: ShippedSettings) -> Trained:
    """Train both encoders on labelled readings."""
    torch.manual_seed(seed)
    names = descriptions.labels()
    owner = [str(label) for label in readings.windows.label]
    text = word_encoder()
    train_text(text, readings.texts, owner, seed, settings.text)
    table = LabelTable.of(embed_labels(text, names))
    label = torch.tensor([names.index(name) for name in owner])
    imu = torch.from_numpy(readings.windows.data)
    encoder = SensorEncoder(settings.encoder)
    encoder.standardise(measures_of(imu))
    read = encode(text, readings)
    rng = torch.Generator().manual_seed(seed)
    inputs, texts, labels = [inputs_of(encoder, readings)], [read], [label]
    for _ in range(settings.sensor.copies):
        changed = augment(imu, settings.sensor.augmentation, rng)
        # A reading's posture is unknown in the stream.
        inputs.append(encoder.inputs(changed))
        texts.append(read)
        labels.append(label)
    training_set = TrainingSet(Inputs.together(inputs), torch.cat(texts), torch.cat(labels))
    train_sequence(encoder, [training_set], table.vectors, seed, settings.sensor)
    return Trained(text, encoder, table)


@dataclass(frozen=True)
class Trained:
    """The networks to ship."""

    text: WordEncoder
    encoder: SensorEncoder
    table: LabelTable

    def recognise(self, readings: Interpreted, names: Sequence[str]) -> NDArray[np.str_]:
        """Return the likeliest of `names` for each reading, its wearer's posture unknown."""
        inputs = self.encoder.inputs(torch.from_numpy(readings.windows.data))
        vectors = torch.from_numpy(self.table.labels().only(names).vectors)
        predicted: NDArray[np.str_] = np.array(names, dtype=np.str_)[
            (embed(self.encoder, inputs) @ vectors.T).argmax(dim=1).numpy()
        ]
        return predicted

    def save(self, registry: Registry) -> list[str]:
        """Write all three, each after those it was trained with, and return their revisions."""
        return [
            registry.save(LANHAR_TEXT, self.text, half=True).revision,
            registry.save(LANHAR_LABELS, self.table, half=True).revision,
            registry.save(LANHAR_SENSOR, self.encoder, half=True).revision,
        ]


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.training", description=__doc__
    )
    parser.add_argument("--data", type=Path, help="folder of the data sets")
    parser.add_argument(
        "--out", type=output_folder, default=WEIGHTS_DIR, help="folder to write weights to"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=1.0, help="fraction of the training steps")
    parser.add_argument("--check", action="store_true", help="dry run: evaluate and write nothing")
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seed=0, share=0)
    data = needed_recordings(parser, options)
    pin_one_thread()
    settings = ShippedSettings()
    settings = replace(
        settings,
        text=replace(settings.text, steps=round(settings.text.steps * options.share)),
        sensor=replace(settings.sensor, steps=round(settings.sensor.steps * options.share)),
    )
    windows = read(data / IMU, True, settings.most, options.seed)
    print(f"{len(windows)} windows of {len(set(windows.label.tolist()))} activities", flush=True)
    trained = train(interpret(windows, options.seed), options.seed, settings)
    unseen = interpret(read(data / IMU, False, settings.most, options.seed), options.seed)
    for position in np.unique(unseen.windows.position):
        of_it = unseen.where(unseen.windows.position == position)
        true = of_it.windows.label
        names = sorted(Counter(true.tolist()))
        predicted = trained.recognise(of_it, names)
        print(
            f"{position}: {len(names)} activities, accuracy {accuracy(true, predicted):.3f}, "
            f"macro-F1 {macro_f1(true, predicted):.3f} on users left out"
        )
    if not options.check:
        print(", ".join(trained.save(Registry(options.out))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
