"""What the speech filter lets through and what it drops for nothing, by each of its detectors.

`python -m models.research.evaluation.speech_filter` hears the recordings of `speech` in the
evaluation as a worker does that filters it: second by second, each by itself, with the setting's
own bound. A second of speech is one in which somebody speaks for a quarter of it or more; a clip,
like a window, is dropped where any of its seconds counts as speech.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tqdm import tqdm

from infra.settings import Settings
from models.features import Features
from models.recordings.datasets import spoken_digits
from models.recordings.shared_data import SPEECH
from models.recordings.splits import Splits, unseen
from models.research.evaluation.real_sounds import (
    MIN_SPEAKING,
    RATE,
    other_sounds,
    speech_clips,
    street_clips,
    under_street,
)
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.tables import spread, table
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from models.serving.speech import SoundSecond, SpeechDetector, WithSilero

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from models.serving.speech import Detector

    Float32 = NDArray[np.float32]

_SPEAKING_FRAMES = MIN_SPEAKING * RATE / spoken_digits.FRAME


class CountedAsSpeech(NamedTuple):
    """Shares of clips and of seconds that count as speech, and the `number` of seconds."""

    clips: float
    seconds: float
    number: int


def seconds_of(wave: Float32) -> list[Float32]:
    """Return the whole seconds (16000,) of a wave."""
    return [wave[at : at + RATE] for at in range(0, len(wave) - RATE + 1, RATE)]


def speaks(wave: Float32) -> list[bool]:
    """Return of each whole second of speech in quiet whether somebody speaks in it."""
    frames = spoken_digits.speaking(wave)
    per_second = RATE // spoken_digits.FRAME
    return [
        bool(frames[at : at + per_second].sum() >= _SPEAKING_FRAMES)
        for at in range(0, len(frames) - per_second + 1, per_second)
    ]


def heard(
    detector: Detector,
    waves: Sequence[Float32],
    above: float,
    counted: Sequence[Sequence[bool]] | None = None,
) -> CountedAsSpeech:
    """Return what of `waves` (n,) at 16 kHz counts as speech.

    Of the seconds only those that are `counted`, all if it is not given.
    """
    features = Features()
    dropped, said = [], []
    for number, wave in enumerate(tqdm(waves, desc="clips", mininterval=5, disable=None)):
        verdicts = []
        for second in seconds_of(wave):
            samples = second[None]
            mel = features.audio(samples, RATE, np.ones(RATE, bool))["mel"]
            # As in a worker: a score that is no number is speech.
            verdicts.append(not detector.score(SoundSecond(samples, RATE, mel)) < above)
        dropped.append(any(verdicts))
        mask = [True] * len(verdicts) if counted is None else counted[number]
        said += [verdict for verdict, counts in zip(verdicts, mask, strict=True) if counts]
    return CountedAsSpeech(float(np.mean(dropped)), float(np.mean(said)), len(said))


def measure(
    detectors: Mapping[str, Detector],
    data: Path,
    splits: Splits,
    seeds: Sequence[int],
    above: float,
) -> dict[str, dict[str, list[CountedAsSpeech]]]:
    """Return `quiet`, `street` by seed and `false` of each detector, as far as `data` has them."""
    talk, streets = speech_clips(data / SPEECH, splits), street_clips(data, splits)
    spoken, others = [speaks(wave) for wave in talk], other_sounds(data, splits)
    mixed = [waves for seed in seeds if (waves := under_street(talk, streets, seed))]
    return {
        name: {
            "quiet": [heard(detector, talk, above, spoken)] if talk else [],
            "street": [heard(detector, waves, above, spoken) for waves in mixed],
            "false": [heard(detector, others, above)] if others else [],
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation.speech_filter", description=__doc__
    )
    parser.add_argument("--data", type=Path, help="folder of the recordings")
    parser.add_argument(
        "--weights", type=Path, default=WEIGHTS_DIR, help="folder of the weights to measure"
    )
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], help="random seeds of the street noise"
    )
    parser.add_argument(
        "--above",
        type=float,
        default=Settings.model_fields["speech_above"].default,
        help="probability of a voice from which a second is speech",
    )
    parser.add_argument(
        "--split",
        choices=("validation", "test"),
        default="test",
        help="recordings to hear: to choose on, or to measure on",
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args(arguments)
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
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
