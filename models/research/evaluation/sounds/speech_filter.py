"""Misses and false alarms of the speech filter, by detector.

`python -m models.research.evaluation.sounds.speech_filter` processes the evaluation's recordings of
`speech` as a worker with a filter does: each second separately, with the setting's threshold. A
second counts as speech if at least a quarter of it is speech; a clip, like a window, is dropped if
any of its seconds is detected as speech.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tqdm import tqdm

from infra.settings import Settings
from models.features import Features
from models.recordings.datasets import spoken_digits
from models.recordings.shared_data import SPEECH
from models.recordings.splits import Splits
from models.recordings.unseen import unseen
from models.research.evaluation.sounds.real_sounds import (
    MIN_SPEAKING,
    RATE,
    other_sounds,
    speech_clips,
    street_clips,
    under_street,
)
from models.research.lib.error_lines import one_line_errors
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.tables import spread, table
from models.research.lib.weights_folder import weights_folder
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from models.serving.speech import SoundSecond, SpeechDetector, WithSilero
from schemas.atomic_file import write_atomically
from schemas.option_bounds import check_minimums
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from models.serving.speech import Detector

    Float32 = NDArray[np.float32]

_SPEAKING_FRAMES = MIN_SPEAKING * RATE / spoken_digits.FRAME


class CountedAsSpeech(NamedTuple):
    """Shares of clips and of seconds detected as speech, and the `number` of seconds."""

    clips: float
    seconds: float
    number: int


def seconds_of(wave: Float32) -> list[Float32]:
    """Return the whole seconds (16000,) of a wave."""
    return [wave[at : at + RATE] for at in range(0, len(wave) - RATE + 1, RATE)]


def speaks(wave: Float32) -> list[bool]:
    """Return for each whole second of speech in quiet whether it counts as speech."""
    frames = spoken_digits.speaking(wave)
    per_second = RATE // spoken_digits.FRAME
    return [
        bool(frames[at : at + per_second].sum() >= _SPEAKING_FRAMES)
        for at in range(0, len(frames) - per_second + 1, per_second)
    ]


def share_as_speech(
    detector: Detector,
    waves: Sequence[Float32],
    above: float,
    counted: Sequence[Sequence[bool]] | None = None,
) -> CountedAsSpeech:
    """Return the shares of `waves` (n,) at 16 kHz that are detected as speech.

    Seconds are restricted to those `counted`, if given.
    """
    features = Features()
    dropped, verdicts_counted = [], []
    for number, wave in enumerate(tqdm(waves, desc="clips", mininterval=5, disable=None)):
        verdicts = []
        for second in seconds_of(wave):
            samples = second[None]
            mel = features.audio(samples, RATE, np.ones(RATE, bool))["mel"]
            # As in a worker, a score of NaN counts as speech.
            verdicts.append(not detector.score(SoundSecond(samples, RATE, mel)) < above)
        dropped.append(any(verdicts))
        mask = [True] * len(verdicts) if counted is None else counted[number]
        verdicts_counted += [
            verdict for verdict, counts in zip(verdicts, mask, strict=True) if counts
        ]
    return CountedAsSpeech(
        float(np.mean(dropped)), float(np.mean(verdicts_counted)), len(verdicts_counted)
    )


def measure(
    detectors: Mapping[str, Detector],
    data: Path,
    splits: Splits,
    seeds: Sequence[int],
    above: float,
) -> dict[str, dict[str, list[CountedAsSpeech]]]:
    """Return `quiet`, `street` by seed and `false` of each detector, as far as `data` has them."""
    talk, streets = speech_clips(data / SPEECH, splits), street_clips(data, splits)
    has_speech, others = [speaks(wave) for wave in talk], other_sounds(data, splits)
    mixed = [waves for seed in seeds if (waves := under_street(talk, streets, seed))]
    return {
        name: {
            "quiet": [share_as_speech(detector, talk, above, has_speech)] if talk else [],
            "street": [share_as_speech(detector, waves, above, has_speech) for waves in mixed],
            "false": [share_as_speech(detector, others, above)] if others else [],
        }
        for name, detector in detectors.items()
    }


def page(figures: Mapping[str, Mapping[str, Sequence[CountedAsSpeech]]]) -> str:
    """Return the figures as a table."""
    rows = [
        [
            what,
            name,
            spread([each.clips for each in runs]),
            spread([each.seconds for each in runs]),
            f"{runs[0].number:,}",
        ]
        for what in ("quiet", "street", "false")
        for name, kinds in figures.items()
        if (runs := kinds[what])
    ]
    return table(["sound", "detector", "clips dropped", "seconds dropped", "seconds"], rows)


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation.sounds.speech_filter", description=__doc__
    )
    parser.add_argument("--data", type=Path, help="folder of the recordings")
    parser.add_argument(
        "--weights",
        type=weights_folder,
        default=WEIGHTS_DIR,
        help="folder of the weights to measure",
    )
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], help="random seeds of the street noise"
    )
    parser.add_argument(
        "--above",
        type=float,
        default=Settings.model_fields["speech_above"].default,
        help="probability of a voice above which a second is speech",
    )
    parser.add_argument(
        "--split",
        choices=("validation", "test"),
        default="test",
        help="recordings to use: for tuning, or for evaluation",
    )
    parser.add_argument("--json", type=output_file, help="write the figures to this file")
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seeds=0)
    data = needed_recordings(parser, options)
    pin_one_thread()
    registry = Registry(options.weights)
    detectors: dict[str, Detector] = {
        "own": SpeechDetector(registry),
        "silero": WithSilero(registry),
    }
    splits = unseen(data) if options.split == "test" else Splits.of(options.split)
    figures = measure(detectors, data, splits, options.seeds, options.above)
    print(page(figures))
    if options.json is not None:
        write_atomically(options.json, json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
