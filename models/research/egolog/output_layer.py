"""Trains the last layer of localization with two ears on, on a processor, and calibrates anew.

What thousands of seconds teach all layers costs more than it gives: the shipped ones have heard
millions. The last layer weighs their features anew, and near and far are then calibrated on ears
whose levels are right (`models.simulation.acoustics.head_levels`), for an even share of both:

    python -m models.research.egolog.output_layer --out FILE

`python -m models.research.egolog.near_prior` puts the share of life into what it writes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from models.egolog.localization import LOCALIZATION
from models.recordings.shared_data import shared_data
from models.research.egolog import two_ears
from models.research.egolog.batched_training import (
    TRAINING,
    Imbalance,
    augmented,
    calibrate,
    judged,
    regions_loss,
    score_of,
    validation_sets,
)
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.egolog.localization import Localization
    from models.research.egolog.batched_seconds import RenderedSeconds, World

CLIPS = 8192
VALIDATION_CLIPS = 300
TABLES = two_ears.Tables(heads=40, shapes=2, takes=6)
_AT_ONCE = 128
_VIEWS = 2  # of every second: other microphones and motion, one of them mirrored as likely as not
_BATCH = 1024
_PASSES = 8
_RATE = 5e-4
# How strongly the layer is held to what it was: these seconds are few beside those that made it.
_HELD = 1e-2


class OutputExamples(NamedTuple):
    """What the last layer sees of N seconds, and what is true.

    `features` (N, F) are its inputs, `beside` (N, 8) the logits that the directions add to its own;
    `regions`, `nearness` and `alone` are as in `Augmented`.
    """

    features: Tensor
    beside: Tensor
    regions: Tensor
    nearness: Tensor
    alone: Tensor


@torch.no_grad()
def examples(
    network: Localization, world: World, clips: int, rng: torch.Generator
) -> OutputExamples:
    """Render clips of 2 s and return what the last layer sees of them."""
    parts = []
    seen: list[Tensor] = []
    hook = network.out.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    for first in range(0, clips, _AT_ONCE):
        drawn = world.draw(TRAINING, min(_AT_ONCE, clips - first), rng)
        for _ in range(_VIEWS):
            rows = torch.randperm(len(drawn.maps), generator=rng)
            batch = augmented(drawn, rows, Imbalance(), rng)
            logits = network(batch.maps, batch.imu, batch.has_imu).regions
            features = seen.pop()
            beside = logits - network.out(features)
            seen.clear()
            truth = (batch.regions, batch.nearness, batch.alone)
            parts.append(OutputExamples(features, beside, *truth))
    hook.remove()
    return OutputExamples(*(torch.cat(column) for column in zip(*parts, strict=True)))


def fit_output(network: Localization, shown: OutputExamples, rng: torch.Generator) -> None:
    """Train the last layer of `network` on, held to what it is."""
    layer = network.out.requires_grad_(True)
    before = [parameter.detach().clone() for parameter in layer.parameters()]
    optimiser = torch.optim.Adam(layer.parameters(), lr=_RATE)
    for _ in range(_PASSES):
        for rows in torch.split(torch.randperm(len(shown.features), generator=rng), _BATCH):
            features, beside, *truth = (column[rows] for column in shown)
            loss = regions_loss(layer(features) + beside, *truth)
            for parameter, start in zip(layer.parameters(), before, strict=True):
                loss = loss + _HELD * (parameter - start).square().sum()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    layer.requires_grad_(False)


def _tell(when: str, network: Localization, check: dict[str, RenderedSeconds]) -> None:
    judgement = judged(network, check)
    errors = ", ".join(f"{name} {judgement[name]['ece']:.3f}" for name in check)
    score = score_of(judgement)
    print(f"{when}: validation, direction and distance {score:.3f}; calibration error {errors}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.egolog.output_layer", description=__doc__
    )
    parser.add_argument("--seed", type=int, default=0, help="random seed of seconds and batches")
    parser.add_argument("--clips", type=int, default=CLIPS, help="clips of 2 s to learn from")
    parser.add_argument(
        "--weights", type=Path, default=WEIGHTS_DIR, help="folder of the weights to train on"
    )
    parser.add_argument("--out", type=Path, required=True, help="output file of the weights")
    options = parser.parse_args(arguments)
    for name, least in (("seed", 0), ("clips", 1)):
        if getattr(options, name) < least:
            parser.error(f"--{name} is {getattr(options, name)}; expected {least} or more")
    data = shared_data()
    if data is None:
        parser.error("localization learns from real ears; expected EGOLOG_SHARED_DATA set")
    pin_one_thread()
    worlds = two_ears.read(data, "cpu", tables=TABLES)
    registry = Registry(options.weights)
    network = registry.load(LOCALIZATION).module.eval()
    rng = torch.Generator().manual_seed(options.seed)
    check = validation_sets(worlds.validation, VALIDATION_CLIPS, two_ears.VALIDATION_SEED)
    _tell("before", network, check)
    fit_output(network, examples(network, worlds.train, options.clips, rng), rng)
    network.temper.fill_(1.0)
    network.offset.fill_(0.0)
    calibrate(network, check)
    _tell("now", network, check)
    two_ears.tell_of_head(worlds, network, VALIDATION_CLIPS)
    saved = registry.save(LOCALIZATION, network, options.out, half=True)
    print(f"wrote {options.out}, revision {saved.revision}")


if __name__ == "__main__":
    main()
