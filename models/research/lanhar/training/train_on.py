"""Train the shipped sensor encoder on: `python -m models.research.lanhar.training.train_on`.

Training matches deployment: windows of five seconds, as the stream ranks them; the active names of
activities; single changes of posture from ClassyGlass and GeoTec; every data set in every batch;
and the wearer's upright known for only some windows. The text encoder and the labels' vectors are
frozen. Only training users are trained on, and validation users evaluated.
"""

from __future__ import annotations

import argparse
import copy
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.lanhar import descriptions
from models.lanhar.label_table import LANHAR_LABELS
from models.lanhar.resample import to_20_hz
from models.lanhar.sensor_encoder import LANHAR_SENSOR, Inputs, SensorEncoder
from models.lanhar.text_encoder import LANHAR_TEXT
from models.recordings.datasets import labelled_motion
from models.recordings.datasets.labelled_motion import STANDING_UP_AND_DOWN, WINDOW
from models.recordings.shared_data import IMU
from models.recordings.splits import in_split
from models.research.lanhar.interpretation.windows import (
    FILES,
    Windows,
    concatenate,
    of_arrays,
    read_npz,
)
from models.research.lanhar.training.augment import augment
from models.research.lanhar.training.scores import macro_f1
from models.research.lanhar.training.sensor import SensorSettings, TrainingSet, train_sequence
from models.research.lanhar.training.transfer import Interpreted, encode, interpret
from models.research.lib.error_lines import one_line_errors
from models.research.lib.recordings_folder import needed_recordings
from models.serving.one_thread import pin_one_thread
from models.serving.open_vocabulary import in_force_by_default
from models.serving.registry import WEIGHTS_DIR, Registry
from schemas.option_bounds import check_minimums
from schemas.output_path import output_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.lanhar.vocabulary import LabelEmbeddings
    from models.recordings.datasets.labelled_motion import LabelledMotion

MOST = 250
"""Windows of one activity in one file."""
ROWS = 100
"""An activity window's five seconds at 20 Hz."""
SETTINGS = SensorSettings(
    steps=500, batch=120, copies=2, sequence_contrast=0.1, sequence_jitter=0.2, rate=1e-3
)
UNKNOWN = 0.5
"""Share of changed windows whose wearer's upright is hidden."""
IN_FORCE_NAME = {
    "eating a sandwich": "eating",
    "eating chips": "eating",
    "eating pasta": "eating",
    "eating soup": "eating",
    "fidgeting while seated": "sitting",
}
"""What windows with a narrower label are called by the labels that are in force."""
_CHANGES = ("standing up", "sitting down")


def read(folder: Path, seed: int, without: str = "", most: int = MOST) -> list[Windows]:
    """Read windows of training and validation users: one part a file, one of posture changes.

    `without` is the beginning of the names of files that nothing is read of.
    """
    rng = np.random.default_rng(seed)
    left_out = tuple(name for name in (without,) if name)
    parts = []
    for name in FILES:
        if name.startswith(left_out):
            continue
        windows = read_npz(folder / name)
        chosen = np.isin(windows.label, descriptions.labels()) & _learned_from(windows)
        if name.startswith("classyglass"):
            # Minutes of both changes have one label there.
            chosen &= windows.label != "standing up"
        kept = [
            rng.permutation(np.flatnonzero(chosen & (windows.label == label)))[:most]
            for label in np.unique(windows.label[chosen])
        ]
        parts.append(windows.where(np.sort(np.concatenate(kept))))
    positions = {
        "classyglass": "head (glasses right temple)",
        "geotec_phone": "trouser pocket",
        "geotec_watch": "wrist",
    }
    changes = [
        changed(_of_changes(folder, name), position)
        for name, position in positions.items()
        if not name.startswith(left_out)
    ]
    together = concatenate([part for part in changes if part is not None], "changes of posture")
    return [*parts, together.where(_learned_from(together))]


def changed(read: LabelledMotion | None, position: str) -> Windows | None:
    """Return windows of six seconds around changes of posture that lie in their recording."""
    cut = []
    for segment in read.stretches if read is not None else ():
        begin = (segment.start + segment.stop) // 2 - WINDOW // 2
        inside = begin >= segment.first and begin + WINDOW <= segment.last
        if inside and segment.label in _CHANGES:
            cut.append((begin, segment))
    if read is None or not cut:
        return None
    data = np.stack([to_20_hz(read.values[begin : begin + WINDOW], 50.0) for begin, _ in cut])
    labels, users = [one.label for _, one in cut], [one.user for _, one in cut]
    count = len(cut)
    return of_arrays(STANDING_UP_AND_DOWN, data, labels, users, [position] * count, [""] * count)


def training_set(
    encoder: SensorEncoder,
    readings: Interpreted,
    texts: torch.Tensor,
    settings: SensorSettings,
    rng: torch.Generator,
) -> TrainingSet:
    """Return a part's windows as they are by their own labels, and changed by those in force."""
    names = descriptions.labels()
    own = [str(label) for label in readings.windows.label]
    imu = torch.from_numpy(readings.windows.data)
    first = (imu.shape[1] - ROWS) // 2
    inputs = [encoder.inputs(imu[:, first : first + ROWS], readings.posture)]
    labels = [torch.tensor([names.index(name) for name in own])]
    for _ in range(settings.copies):
        first = int(torch.randint(imu.shape[1] - ROWS + 1, (1,), generator=rng))
        other = augment(imu, settings.augmentation, rng)[:, first : first + ROWS]
        posture = readings.posture.clone()
        posture[torch.rand(len(posture), generator=rng) < UNKNOWN] = 0
        inputs.append(encoder.inputs(other, posture))
        labels.append(torch.tensor([names.index(IN_FORCE_NAME.get(name, name)) for name in own]))
    return TrainingSet(Inputs.together(inputs), torch.cat([texts] * len(inputs)), torch.cat(labels))


def score(encoder: SensorEncoder, readings: Interpreted, labels: LabelEmbeddings) -> float:
    """Return the macro-F1 of `labels` over the windows that have one of them."""
    true = np.array([IN_FORCE_NAME.get(str(name), str(name)) for name in readings.windows.label])
    kept = np.flatnonzero(np.isin(true, labels.names))
    first = (readings.windows.data.shape[1] - ROWS) // 2
    imu = torch.from_numpy(readings.windows.data[kept, first : first + ROWS])
    with torch.no_grad():
        vectors = encoder(imu, readings.posture[torch.from_numpy(kept)])
    at = (vectors @ torch.from_numpy(labels.vectors).T).argmax(dim=1).numpy()
    return macro_f1(true[kept], np.array(labels.names)[at])


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.training.train_on", description=__doc__
    )
    parser.add_argument("--data", type=Path, help="folder of the data sets")
    parser.add_argument(
        "--out", type=output_folder, default=WEIGHTS_DIR, help="folder to write weights to"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check", action="store_true", help="dry run: evaluate and write nothing")
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seed=0)
    data = needed_recordings(parser, options)
    pin_one_thread()
    registry = Registry()
    table = registry.load(LANHAR_LABELS).module.labels()
    before, text = registry.load(LANHAR_SENSOR).module, registry.load(LANHAR_TEXT).module
    encoder = copy.deepcopy(before).requires_grad_(True)
    rng = torch.Generator().manual_seed(options.seed)
    parts, checked = [], []
    for windows in read(data / IMU, options.seed):
        readings = interpret(windows, options.seed)
        learns = np.array([in_split(str(user), "train") for user in windows.user])
        learned = readings.where(learns)
        with torch.no_grad():
            texts = encode(text, learned)
        parts.append(training_set(encoder, learned, texts, SETTINGS, rng))
        checked.append(readings.where(~learns))
    vectors = torch.from_numpy(table.vectors)
    train_sequence(encoder, parts, vectors, options.seed, SETTINGS)
    in_force = in_force_by_default(table)
    for readings in checked:
        scores = [score(network, readings, in_force) for network in (before, encoder)]
        print(f"{readings.windows.name}: macro-F1 {scores[0]:.3f} before, {scores[1]:.3f} now")
    if not options.check:
        out = Registry(options.out).path(LANHAR_SENSOR)
        print(registry.save(LANHAR_SENSOR, encoder, out, half=True).revision)
    return 0


def _of_changes(folder: Path, name: str) -> LabelledMotion | None:
    if name == "classyglass":
        return labelled_motion.classyglass_changes(folder)
    return labelled_motion.geotec(folder, "phone" if name.endswith("phone") else "watch")


def _learned_from(windows: Windows) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.array([not in_split(str(user), "test") for user in windows.user], dtype=bool)


if __name__ == "__main__":
    sys.exit(main())
