"""Leave one data set out: `python -m models.research.lanhar.evaluation.leave_one_out`.

The shipped recipe (`training`, `training.train_on`, `training.last_layers`) is trained on all
available data sets but one, and ranks windows of that one among the active labels, compared with a
random forest trained on the same windows as the last step. Training users are trained on; of the
data set left out only users that are never trained on are evaluated. No choice is based on this.
`--page docs/LANHAR.md` adds the result to the end of the page.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.lanhar.resample import to_20_hz
from models.recordings.datasets.labelled_windows import LabelledWindows
from models.recordings.datasets.labelled_windows import read as read_windows
from models.recordings.shared_data import IMU
from models.recordings.splits import in_split
from models.research.lanhar.baselines.forest import forest
from models.research.lanhar.evaluation.kept_runs import add_kept_runs, keep, read_kept
from models.research.lanhar.interpretation.windows import FILES
from models.research.lanhar.training import __main__ as first_step
from models.research.lanhar.training import train_on
from models.research.lanhar.training.last_layers import (
    LastLayersSettings,
    above_transformer,
    layer_inputs,
    train_last_layers,
)
from models.research.lanhar.training.scores import macro_f1
from models.research.lanhar.training.sensor import train_sequence
from models.research.lanhar.training.train_on import training_set
from models.research.lanhar.training.transfer import encode, interpret
from models.research.lib.error_lines import one_line_errors
from models.research.lib.page_command import page_command
from models.research.lib.page_sections import put_section
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.tables import Figures, spread, table
from models.serving.one_thread import pin_one_thread
from models.serving.open_vocabulary import in_force_by_default
from schemas.option_bounds import check_minimums
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from models.lanhar.sensor_encoder import SensorEncoder
    from models.lanhar.vocabulary import LabelEmbeddings
    from models.recordings.splits import Split

HEADING = "## One data set left out"
LEFT_OUT = {
    "HAPT": "hapt_50hz.npz",
    "ClassyGlass": "classyglass_50hz.npz",
    "WISDM phone": "wisdm19_phone_20hz.npz",
    "WISDM watch": "wisdm19_watch_20hz.npz",
    "GeoTec phone": "geotec_phone_50hz.npz",
    "GeoTec watch": "geotec_watch_50hz.npz",
}
_RATE = 50.0


@dataclass(frozen=True)
class LeaveOneOutSettings:
    """How much takes part: `users` who train of each data set, and as many who are measured.

    `most` bounds the windows of one activity in one data set, of the first two steps; `share` is
    that of their training steps. The last step has all of its own.
    """

    users: int = 99
    most: int = 250
    share: float = 1.0

    def __str__(self) -> str:
        return (
            f"at most {self.users} users of each data set train and as many are measured, at most "
            f"{self.most} windows of an activity in a data set, {self.share:g} of the training "
            "steps"
        )


def recipe(
    folder: Path, left: str, seed: int, settings: LeaveOneOutSettings
) -> tuple[SensorEncoder, LabelEmbeddings]:
    """Return the first two steps' sensor encoder without the file `left`, and its label vectors."""
    shipped = first_step.ShippedSettings()
    first = replace(
        shipped,
        text=replace(shipped.text, steps=int(shipped.text.steps * settings.share)),
        sensor=replace(shipped.sensor, steps=int(shipped.sensor.steps * settings.share)),
    )
    files = [name for name in FILES if name != left]
    windows = first_step.read(folder, True, settings.most, seed, files)
    trained = first_step.train(interpret(windows, seed), seed, first)
    second = replace(train_on.SETTINGS, steps=int(train_on.SETTINGS.steps * settings.share))
    rng = torch.Generator().manual_seed(seed)
    parts = []
    for part in train_on.read(folder, seed, left.rpartition("_")[0], settings.most):
        learns = np.array([in_split(str(user), "train") for user in part.user])
        readings = interpret(part.where(learns), seed)
        texts = encode(trained.text, readings)
        parts.append(training_set(trained.encoder, readings, texts, second, rng))
    labels = trained.table.labels()
    train_sequence(trained.encoder, parts, torch.from_numpy(labels.vectors), seed, second)
    return trained.encoder, labels


def left_out(folder: Path, left: str, seed: int, settings: LeaveOneOutSettings) -> Figures:
    """Return LanHAR's and the forest's scores on a file that neither learned from."""
    encoder, described = recipe(folder, left, seed, settings)
    names = in_force_by_default(described)
    last = LastLayersSettings()
    learned = [
        few(read_windows(folder / name, split="train"), settings.users)
        for name in LEFT_OUT.values()
        if name != left
    ]
    parts = [
        layer_inputs(encoder, part, names.names, described.names, last.rarer) for part in learned
    ]
    vectors = torch.from_numpy(names.vectors)
    train_last_layers(
        encoder.requires_grad_(True),
        parts,
        vectors,
        torch.from_numpy(described.vectors),
        seed,
        last,
    )
    unseen = unseen_users(folder / left, settings.users)
    seen = layer_inputs(encoder, unseen, names.names, described.names, last.rarer)
    with torch.inference_mode():
        read = above_transformer(encoder, seen.tokens, seen.values, seen.posture)
    ours = np.array(names.names)[(read @ vectors.T).argmax(dim=1).numpy()]
    theirs = by_forest(learned, unseen, names.names, seed)
    return {
        "users": len(set(unseen.wearers)),
        "lanhar": scores(unseen, ours, names.names),
        "random_forest": scores(unseen, theirs, names.names),
    }


def unseen_users(path: Path, users: int) -> LabelledWindows:
    """Return windows of a file's users who never train: those who validate and those who test."""
    splits: tuple[Split, ...] = ("test", "validation")
    parts = [few(read_windows(path, split=split), (users + 1) // 2) for split in splits]
    return LabelledWindows(
        np.concatenate([part.imu for part in parts]),
        tuple(label for part in parts for label in part.labels),
        tuple(names for part in parts for names in part.names),
        sum(part.left_out for part in parts),
        tuple(wearer for part in parts for wearer in part.wearers),
        tuple(start for part in parts for start in part.starts_s),
        tuple(position for part in parts for position in part.positions),
    )


def few(windows: LabelledWindows, users: int) -> LabelledWindows:
    """Return the windows of the first users."""
    kept = set(sorted(set(windows.wearers))[:users])
    return windows.take([place for place, wearer in enumerate(windows.wearers) if wearer in kept])


def by_forest(
    learned: Sequence[LabelledWindows],
    unseen: LabelledWindows,
    names: Sequence[str],
    seed: int,
) -> NDArray[np.str_]:
    """Return the labels in force that a forest, trained on windows, predicts for `unseen`.

    A window that several labels are right for teaches the first of them.
    """
    readings, labels = [], []
    for part in learned:
        for imu, right in zip(part.imu, part.names, strict=True):
            own = sorted(right & set(names))
            if own:
                readings.append(_at_20_hz(imu))
                labels.append(own[0])
    known = sorted(set(labels))
    numbers = np.array([known.index(label) for label in labels], np.int64)
    target = np.stack([_at_20_hz(imu) for imu in unseen.imu])
    found = forest(np.stack(readings), numbers, target, seed)
    predicted: NDArray[np.str_] = np.array(known, np.str_)[found]
    return predicted


def scores(windows: LabelledWindows, predicted: NDArray[np.str_], names: Sequence[str]) -> Figures:
    """Return accuracy and macro-F1 over the windows that a label in force is right for."""
    true, found = [], []
    for right, one in zip(windows.names, predicted.tolist(), strict=True):
        own = sorted(right & set(names))
        if own:
            true.append(one if one in own else own[0])
            found.append(one)
    hits = np.array(true) == np.array(found)
    return {
        "windows": len(true),
        "labels": len(set(true)),
        "accuracy": float(hits.mean()) if len(hits) else 0.0,
        "macro_f1": macro_f1(np.array(true), np.array(found)),
    }


def page(
    measured: Mapping[str, Mapping[int, Figures]],
    settings: LeaveOneOutSettings,
    command: str,
    date: str,
) -> str:
    """Return the section of docs/LANHAR.md."""
    rows = []
    for name, seeds in measured.items():
        runs = list(seeds.values())
        ours, theirs = ([run[who] for run in runs] for who in ("lanhar", "random_forest"))
        gain = np.mean([one["macro_f1"] for one in ours]) - np.mean(
            [one["macro_f1"] for one in theirs]
        )
        rows.append(
            [
                name,
                *(
                    str(count)
                    for count in (runs[0]["users"], ours[0]["windows"], ours[0]["labels"])
                ),
                spread([one["macro_f1"] for one in ours]),
                spread([one["macro_f1"] for one in theirs]),
                f"{gain:+.3f}",
                spread([one["accuracy"] for one in ours]),
                spread([one["accuracy"] for one in theirs]),
                ", ".join(map(str, sorted(seeds))),
            ]
        )
    head = [
        "left out", "users", "windows", "labels", "macro-F1", "forest", "gain", "accuracy",
        "forest", "seeds",
    ]  # fmt: skip
    return "\n\n".join(
        [
            HEADING,
            f"Written by `{command}` on {date}: {settings}. The recipe that ships learns from all "
            "data sets but one, from its start before any reading, and ranks windows of five "
            "seconds of the one left out among the labels in force, window by window, the wearer's "
            "upright as it is known by then. The forest learns from the windows of the last step. "
            "Those measured train nowhere. WISDM's phone and watch, and GeoTec's, are of the same "
            "people.",
            table(head, rows),
        ]
    )


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.evaluation.leave_one_out", description=__doc__
    )
    parser.add_argument("--data", type=Path, help="folder of recordings (default: the shared ones)")
    parser.add_argument("--left", nargs="+", choices=list(LEFT_OUT), default=list(LEFT_OUT))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--users", type=int, default=LeaveOneOutSettings.users)
    parser.add_argument("--most", type=int, default=LeaveOneOutSettings.most)
    parser.add_argument("--share", type=float, default=LeaveOneOutSettings.share)
    add_kept_runs(parser)
    parser.add_argument("--page", type=output_file, help="page that the table is put at the end of")
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seeds=0, users=1, most=1, share=0)
    folder = needed_recordings(parser, options) / IMU
    pin_one_thread()
    settings = LeaveOneOutSettings(options.users, options.most, options.share)
    measured: defaultdict[str, dict[int, Figures]] = defaultdict(dict)
    for seed in options.seeds:
        for name in options.left:
            file = LEFT_OUT[name]
            kept = options.runs / (
                f"left-out-{file.rpartition('_')[0]}-{seed}-{settings.users}-{settings.most}"
                f"-{settings.share:g}.json"
            )
            if options.only_kept and not kept.is_file():
                continue
            if not kept.is_file():
                keep(kept, left_out(folder, file, seed, settings))
            measured[name][seed] = read_kept(kept)
            print(f"{name} left out, seed {seed}: {measured[name][seed]}", flush=True)
    if options.page is not None and measured:
        command = page_command(parser, options, ("runs", "only_kept"))
        body = page(measured, settings, command, datetime.now(UTC).date().isoformat())
        put_section(options.page, body)
    return 0


def _at_20_hz(imu: NDArray[np.float32]) -> NDArray[np.float32]:
    even: NDArray[np.float32] = to_20_hz(np.nan_to_num(imu), _RATE)
    return even


if __name__ == "__main__":
    sys.exit(main())
