"""Distilling a sentence encoder into the small text encoder, without any readings.

`python -m models.research.lanhar.training.distil` writes the initial weights of every run. It
matches the similarities between texts (descriptions, synthetic interpretations, names of sounds and
scenarios) to those of all-MiniLM-L6-v2 (extra `names`). No readings or labels are used, so that
runs across data sets start without having seen either.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from numpy.random import default_rng
from torch import Generator, Tensor
from torch.nn.functional import mse_loss

from models.lanhar import descriptions
from models.lanhar.text_encoder import LANHAR_WORDS, WordEncoder
from models.research.lanhar.training.expected_patterns import synthesised
from models.research.lanhar.training.one_cycle import train_one_cycle
from models.research.lib.error_lines import one_line_errors
from models.research.lib.sentence_encoder import SentenceEncoder
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, MissingWeightsError, Registry
from schemas.option_bounds import check_minimums
from schemas.output_path import output_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

_STEPS = 800
_BATCH = 96
_RATE = 2e-3
_IMAGINED = 24
_FRAMES = ("{}", "a person is {}", "the wearer is {}", "{}, an everyday activity")


def word_encoder() -> WordEncoder:
    """Return the shipped start of the small text encoder, or a new one where it is missing."""
    try:
        return Registry().load(LANHAR_WORDS).module.requires_grad_(True)
    except MissingWeightsError:
        return WordEncoder()


def corpus(data: Path | None, seed: int = 0) -> list[str]:
    """Return different texts; names of sounds and scenarios are read from `data` where given."""
    rng = default_rng(seed)
    texts: list[str] = []
    for label in descriptions.labels():
        texts += [frame.format(label) for frame in _FRAMES]
        for one in descriptions.describe_by_aspect(label):
            texts += [
                one.general,
                one.sensors,
                one.body,
                f"{one.general} {one.sensors}",
                one.text(),
            ]
        texts += synthesised(label, _IMAGINED, rng)
    if data is not None:
        ontology = json.loads((data / "labels" / "audioset_ontology.json").read_text())
        for entry in ontology:
            texts += [str(entry["name"]), str(entry["description"])]
        scenarios = json.loads((data / "labels" / "ego4d_scenarios.json").read_text())
        names = scenarios if isinstance(scenarios, list) else list(scenarios)
        texts += [frame.format(str(name)) for name in names for frame in _FRAMES[:2]]
    return [text for text in dict.fromkeys(texts) if text.strip()]


def distil(
    encoder: WordEncoder, texts: Sequence[str], targets: Tensor, seed: int, steps: int = _STEPS
) -> list[float]:
    """Train in place so that texts are as alike as vectors `targets` (N, S) of them are."""
    rng = Generator().manual_seed(seed)
    torch.manual_seed(seed)
    prepared = encoder.prepare(texts)

    def loss_of(_step: int) -> Tensor:
        chosen = torch.randint(len(texts), (_BATCH,), generator=rng)
        vectors, wanted = encoder(prepared[chosen]), targets[chosen]
        return mse_loss(vectors @ vectors.T, wanted @ wanted.T)

    encoder.train()
    losses = train_one_cycle(encoder.parameters(), loss_of, steps, _RATE)
    encoder.eval()
    return losses


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.training.distil", description=__doc__
    )
    parser.add_argument("--data", type=Path, help="folder of data sets that add texts")
    parser.add_argument("--model", help="folder or cached name (default: all-MiniLM-L6-v2)")
    parser.add_argument(
        "--out", type=output_folder, default=str(WEIGHTS_DIR), help="folder to write weights to"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seed=0)
    pin_one_thread()
    texts = corpus(options.data, options.seed)
    teacher = SentenceEncoder(options.model)
    encoder = WordEncoder()
    losses = distil(encoder, texts, teacher.embed(texts), options.seed)
    saved = Registry(options.out).save(LANHAR_WORDS, encoder, half=True)
    print(f"{len(texts)} texts, loss {losses[0]:.4f} to {losses[-1]:.4f}, {saved.revision}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
