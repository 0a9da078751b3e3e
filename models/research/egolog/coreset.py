"""Build the fine-tuning coreset that ships: `python -m models.research.egolog.coreset`.

Its windows are from composed training days and, for the held-out part, from validation days. It
stores the encoders' features as bytes, which `models.finetuning.coreset` reads.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.egolog.contrastive import ENCODERS
from models.finetuning.coreset import FILE
from models.labels import SCENARIOS
from models.research.egolog.context import PART, TrainingContext
from models.research.egolog.days.composed import compose
from models.research.egolog.days.encoded import encode
from models.research.egolog.scenario import cut_windows
from models.research.lib.error_lines import one_line_errors
from models.research.lib.recordings_folder import recordings_or_simulated
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR
from schemas.atomic_file import atomic_path
from schemas.option_bounds import check_minimums
from schemas.output_path import kept_folder, output_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

TRAIN = 1_000
# Stretches of validation days beside those of training: a gate needs windows to be sure.
SEED, STRETCHES, STRETCH_S = 700, 48, 150
_LARGEST = 127


def write(
    path: Path,
    encoders: str,
    audio: NDArray[np.float32],
    imu: NDArray[np.float32],
    labels: NDArray[np.float32],
    held_out: NDArray[np.bool_],
) -> None:
    """Write features (N, 15, 256) and (N, 15, 128), labels (N, 16) and held-out flags (N,)."""
    audio_bytes, audio_step = _as_bytes(audio)
    imu_bytes, imu_step = _as_bytes(imu)
    with atomic_path(path) as draft, draft.open("wb") as file:
        np.savez_compressed(
            file,
            encoders=np.array(encoders),
            audio=audio_bytes,
            audio_step=audio_step,
            imu=imu_bytes,
            imu_step=imu_step,
            labels=labels.astype(np.uint8),
            held_out=held_out,
        )


def choose_balanced(labels: NDArray[np.float32], count: int, rng: Generator) -> NDArray[np.int64]:
    """Return the indices of `count` windows (N, 16), in order, with balanced scenarios.

    Each next window is one of the scenario with the fewest so far.
    """
    left = [list(rng.permutation(np.flatnonzero(column))) for column in labels.T]
    met = np.zeros(labels.shape[1])
    chosen: set[int] = set()
    while len(chosen) < min(count, len(labels)):
        open_to = [at for at, windows in enumerate(left) if windows]
        if not open_to:
            break
        scarcest = min(open_to, key=lambda at: (met[at], at))
        window = int(left[scarcest].pop())
        if window not in chosen:
            chosen.add(window)
            met += labels[window]
    return np.array(sorted(chosen), np.int64)


def _as_bytes(values: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    step = np.abs(values).max(axis=(0, 1)) / _LARGEST
    step = np.where(step > 0, step, 1.0).astype(np.float32)
    return np.round(values / step).astype(np.int8), step


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Make the file that ships."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.egolog.coreset", description=__doc__
    )
    parser.add_argument(
        "--cache", type=kept_folder, default=Path(".run/training"), help="cache folder of days"
    )
    parser.add_argument("--out", type=output_file, default=str(FILE), help="file to write")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the selection")
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seed=0)
    pin_one_thread()
    context = TrainingContext(recordings_or_simulated(), WEIGHTS_DIR, options.cache, stretches=PART)
    rng = np.random.default_rng(options.seed)
    encoders = context.encoders()
    train, validation = context.encoded_days()
    more = compose(SEED, STRETCHES, STRETCH_S, context.validation_material, options.cache)
    days = [train, validation, encode(encoders, more)]
    windows = [cut_windows(part, encoders.space) for part in days]
    labels = [part.scenarios.numpy() for part in windows]
    chosen = [
        choose_balanced(labels[0], TRAIN, rng),
        *(np.arange(len(part)) for part in labels[1:]),
    ]
    labels = [part[at] for part, at in zip(labels, chosen, strict=True)]
    audio, imu = (
        np.concatenate(
            [
                getattr(part.segments, name).numpy()[at]
                for part, at in zip(windows, chosen, strict=True)
            ]
        )
        for name in ("audio_features", "imu_features")
    )
    write(
        options.out,
        context.registry.load(ENCODERS).revision,
        audio,
        imu,
        np.concatenate(labels),
        np.arange(sum(map(len, labels))) >= len(labels[0]),
    )
    counts = np.concatenate(labels).sum(axis=0).astype(int)
    size = options.out.stat().st_size / 1e6
    trained, held_out = len(labels[0]), sum(map(len, labels[1:]))
    print(f"wrote {options.out}: {trained} + {held_out} windows, {size:.1f} MB")
    print(", ".join(f"{name} {count}" for name, count in zip(SCENARIOS, counts, strict=True)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
