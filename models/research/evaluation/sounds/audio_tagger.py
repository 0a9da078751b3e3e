"""Compare an audio tagger with ours.

The command is `python -m models.research.evaluation.sounds.audio_tagger WEIGHTS`.
Recognisers predict the parent of each clip (EgoLog §4.4.1): the given tagger, through the
pipeline's own features; our own; and YAMNet if its file exists. A clip is right if the likeliest
parent is its category's. Clips are unseen ones of ESC-50 and UrbanSound8K, of categories that have
a parent; `ours` was trained on others of both data sets, the other recognisers on AudioSet.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from models.egolog.audio_tagger.parents import PARENT_OF_CLASS, PARENTS
from models.egolog.contrastive import ENCODERS
from models.features import Features
from models.labels import CATEGORIES, RECOGNISED_SOUNDS
from models.recordings.datasets import esc50, urbansound8k
from models.recordings.shared_data import ESC50, URBANSOUND8K
from models.recordings.unseen import split_elsewhere, unseen
from models.research.egolog.audio.categories import sounding
from models.research.egolog.audio.yamnet import Yamnet, YamnetError, class_names
from models.research.egolog.recogniser.sound_names import PARENT_OF_CATEGORY, PARENT_OF_SOUND
from models.research.lib import sizes
from models.research.lib.error_lines import one_line_errors
from models.research.lib.recordings_folder import given_or_shared
from models.research.lib.tables import table
from models.research.lib.weights_folder import weights_folder
from models.serving.audio_tagger import (
    SEGMENT_S,
    TAGGER_MEL,
    AudioTagger,
    TaggerFeatures,
    open_audio_tagger,
)
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from schemas.atomic_file import write_atomically
from schemas.option_bounds import check_minimums
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from models.egolog.audio_encoder import SoundEncoder

    Float32 = NDArray[np.float32]
    # (n,) at 16 kHz -> (P,) of `PARENTS`.
    Recogniser = Callable[[Float32], Float32]

RATE = 16_000


@dataclass(frozen=True)
class LabelledSound:
    """A clip: its file and its true parent."""

    path: Path
    parent: str


def of_tagger(tagger: AudioTagger) -> Recogniser:
    """Return the given tagger as the pipeline runs it, one second of features at a time."""
    features = TaggerFeatures()
    second = np.ones(RATE, dtype=bool)

    def parents(wave: Float32) -> Float32:
        seconds = -(-len(wave) // RATE)
        arrived = torch.arange(-(-seconds // SEGMENT_S) * SEGMENT_S) < seconds
        whole = np.pad(wave, (0, len(arrived) * RATE - len(wave)))
        mel = np.concatenate(
            [features.audio(s[None], RATE, second)[TAGGER_MEL] for s in whole.reshape(-1, RATE)]
        )
        with torch.inference_mode():
            return tagger.events(torch.from_numpy(mel).float(), arrived).numpy()

    return parents


def of_ours(encoder: SoundEncoder) -> Recogniser:
    """Return our own recogniser, with its sounds mapped to parents."""
    features = Features()
    rows = _rows(PARENT_OF_SOUND.get(sound) for sound in RECOGNISED_SOUNDS)

    def parents(wave: Float32) -> Float32:
        whole = np.pad(wave, (0, -len(wave) % RATE))
        mel = torch.from_numpy(esc50.log_mel(whole, RATE, features).astype(np.float32))
        with torch.inference_mode():
            return _fold(torch.sigmoid(encoder(sounding(mel)[None]).logits[0]).numpy(), rows)

    return parents


def of_yamnet(yamnet: Yamnet, names: Sequence[str]) -> Recogniser:
    """Return YAMNet, with the mean over its patches mapped to parents."""
    rows = _rows(PARENT_OF_CLASS.get(name) for name in names)
    return lambda wave: _fold(yamnet(wave)[1].mean(axis=0), rows)


def top1(recogniser: Recogniser, clips: Sequence[LabelledSound]) -> float:
    """Return the share of clips whose likeliest parent is the true one."""
    likeliest = [
        PARENTS[int(recogniser(esc50.read_mono(clip.path, RATE)).argmax())] for clip in clips
    ]
    return sum(a == c.parent for a, c in zip(likeliest, clips, strict=True)) / len(clips)


def labelled_sounds(data: Path, every: int = 1) -> dict[str, list[LabelledSound]]:
    """Return every n-th unseen clip with a parent, by data set; absent data sets are reported.

    Raises `RecordingError` if a folder lacks files that its table lists, or cannot be read.
    """
    sounds: dict[str, list[tuple[Path, str]]] = {}
    splits = unseen(data)
    if (data / ESC50 / esc50.TABLE).is_file():
        sounds["esc50"] = [
            (clip.path, CATEGORIES[clip.category])
            for clip in esc50.clips(data / ESC50, splits.sounds)
        ]
    else:
        print(f"skipped: {ESC50} is not in {data}")
    if (data / URBANSOUND8K / urbansound8k.TABLE).is_file():
        sounds["urbansound8k"] = urbansound8k.clips(
            data / URBANSOUND8K, splits.street, split_elsewhere(data)
        )
    else:
        print(f"skipped: {URBANSOUND8K} is not in {data}")
    return {name: with_parents(clips)[::every] for name, clips in sounds.items()}


def with_parents(clips: Iterable[tuple[Path, str]]) -> list[LabelledSound]:
    """Return the clips (path, category) whose category has a parent."""
    return [
        LabelledSound(path, PARENT_OF_CATEGORY[category])
        for path, category in clips
        if category in PARENT_OF_CATEGORY
    ]


def recognisers(tagger: AudioTagger, registry: Registry, data: Path) -> dict[str, Recogniser]:
    """Return the recognisers to compare by name; a YAMNet that cannot run is reported."""
    compared = {
        "audio tagger": of_tagger(tagger),
        "ours": of_ours(registry.load(ENCODERS).module.audio),
    }
    try:
        compared["YAMNet"] = of_yamnet(
            Yamnet(data / "reference" / "yamnet.tflite"),
            class_names(data / "labels" / "yamnet_class_map.csv"),
        )
    except YamnetError as error:
        print(f"skipped: {error}")
    return compared


def report(figures: Mapping[str, Mapping[str, Any]], costs: Sequence[sizes.Cost]) -> str:
    """Return two tables as Markdown: top-1 of parents, and the cost per wearer-second."""
    names = list(dict.fromkeys(name for row in figures.values() for name in row["top1"]))
    return "\n\n".join(
        [
            table(
                ["parents, top-1", *names, "clips"],
                [
                    [data, *(f"{row['top1'][name]:.3f}" for name in names), str(row["clips"])]
                    for data, row in figures.items()
                ],
            ),
            table(
                ["cost of a wearer-second", "MFLOP", "ms"],
                [
                    [
                        cost.part,
                        f"{2 * cost.mega_macs / cost.every_s:.1f}",
                        f"{cost.cpu_ms / cost.every_s:.2f}",
                    ]
                    for cost in costs
                ],
            ),
        ]
    )


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation.sounds.audio_tagger", description=__doc__
    )
    parser.add_argument("tagger", type=Path, metavar="WEIGHTS", help="mn*_as*.pt of EfficientAT")
    parser.add_argument("--data", type=Path, help="folder of recordings (default: the shared ones)")
    parser.add_argument("--every", type=int, default=1, help="measure every n-th clip")
    parser.add_argument(
        "--weights", type=weights_folder, default=WEIGHTS_DIR, help="folder of our weights"
    )
    parser.add_argument("--json", type=output_file, help="output file of the metrics")
    options = parser.parse_args(arguments)
    check_minimums(parser, options, every=1)
    pin_one_thread()
    registry = Registry(options.weights)
    data = given_or_shared(parser, options)
    tagger = open_audio_tagger(options.tagger)
    sounds = {} if data is None else labelled_sounds(data, options.every)
    figures: dict[str, dict[str, Any]] = {}
    if data is None:
        print("no recordings (--data, EGOLOG_SHARED_DATA): only the cost is measured")
    else:
        compared = recognisers(tagger, registry, data)
        figures = {
            name: {
                "clips": len(clips),
                "top1": {who: top1(recogniser, clips) for who, recogniser in compared.items()},
            }
            for name, clips in sounds.items()
        }
    costs = [*sizes.tagger_costs(tagger), *sizes.costs(registry)]
    print(report(figures, costs))
    if options.json is not None:
        write_atomically(options.json, json.dumps(figures, indent=2))
    return 0


def _rows(parents: Iterable[str | None]) -> list[list[int]]:
    named = list(parents)
    return [[at for at, parent in enumerate(named) if parent == name] for name in PARENTS]


def _fold(probabilities: Float32, rows: Sequence[Sequence[int]]) -> Float32:
    return np.array(
        [max((probabilities[at] for at in group), default=0.0) for group in rows], np.float32
    )


if __name__ == "__main__":
    sys.exit(main())
