"""Trains the distance head of binaural localization on frozen features, on a CPU.

Which cue tells near from far depends on the room: in the dry it is the level difference between the
ears alone, and for a source ahead there is none; with reverberation, the direct-to-reverberant
ratio says more. A linear layer cannot weigh one cue by another. A small head over the features of
the trained network, which stays frozen, adds a logit to near and one to far, and both are then
calibrated for life (`models.research.egolog.localization.life_calibration`):

    python -m models.research.egolog.localization.distance_head --out FILE

Of several heads, one a seed, and of none, what has the lowest mean log loss of near over the
validation sets is written. A head that the weights already have is trained anew, so the command
reproduces its own weights.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn

from models.egolog.localization import LOCALIZATION, Localization, distance_head
from models.network.layer_inputs import layer_inputs
from models.research.egolog.days import placed as placed_days
from models.research.egolog.days.placed import PlacedDays
from models.research.egolog.localization import life_calibration, two_ears
from models.research.egolog.localization.batched.augment import SETTLED, augment
from models.research.egolog.localization.batched.drawn import drawn_columns, seconds_of
from models.research.egolog.localization.batched.supplies import TRAINING
from models.research.egolog.localization.batched.training import regions_loss
from models.research.egolog.localization.batched.validation import VALIDATION, validation_sets
from models.research.egolog.localization.new_head import with_new_head
from models.research.lib.cache_folder import cache_folder
from models.research.lib.error_lines import one_line_errors
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.weights_folder import weights_folder
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from models.simulation.sources.material import Material
from schemas.evidence import DIRECTIONS
from schemas.option_bounds import check_minimums
from schemas.output_path import kept_folder, output_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.research.egolog.localization.batched.seconds import RenderedSeconds
    from models.research.egolog.localization.life_calibration import RegionLogits

CLIPS = 4096
VALIDATION_CLIPS = 600
TABLES = two_ears.Tables(heads=40, shapes=2, takes=6)
PLACING = replace(
    TRAINING,
    rooms={
        "open": 0.16,
        "dry": 0.10,
        "street": 0.16,
        "room": 0.26,
        "live": 0.08,
        "hall": 0.12,
        "bathroom": 0.08,
        "car": 0.04,
    },
    border=0.3,
)
"""As `TRAINING`, with fewer sources about the border, as in life, and more small rooms."""
HIDDEN = 64
_AT_ONCE = 128
_VIEWS = 2  # of every second: other microphones and motion, one of them mirrored as likely as not
_BATCH = 512
_PASSES = 12
_RATE = 2e-3
_DECAY = 1e-3
_DRAWS_SEED = 0
_DAYS_SEEDS = (0, 1)
_DAYS = "days"


class HeadExamples(NamedTuple):
    """What the head sees of N seconds, and what is true.

    `features` (N, F) are its inputs, `logits` (N, 8) the network's without it; `regions`,
    `nearness` and `alone` are as in `AugmentedBatch`.
    """

    features: Tensor
    logits: Tensor
    regions: Tensor
    nearness: Tensor
    alone: Tensor


@torch.no_grad()
def examples(network: Localization, drawn: RenderedSeconds, rng: torch.Generator) -> HeadExamples:
    """Return the training examples of the head of `network`, which still adds nothing."""
    parts = []
    with layer_inputs(network.out) as features:
        for _ in range(_VIEWS):
            order = torch.randperm(len(drawn.maps), generator=rng)
            for rows in torch.split(order, 2 * _AT_ONCE):
                batch = augment(drawn, rows, SETTLED, rng)
                logits = network(batch.maps, batch.imu, batch.has_imu).regions
                truth = (batch.regions, batch.nearness, batch.alone)
                parts.append(HeadExamples(features.pop(), logits, *truth))
    return HeadExamples(*(torch.cat(column) for column in zip(*parts, strict=True)))


def fit_head(network: Localization, training: HeadExamples, rng: torch.Generator) -> None:
    """Train the head of `network`, and nothing else."""
    mean, deviation = training.features.mean(0), training.features.std(0) + 1e-2
    inputs = training.features.shape[1]
    head = distance_head(inputs, network.config.distance_hidden)
    if head is None:
        raise ValueError("the network has no head; expected distance_hidden in its config")
    first, last = (cast("nn.Linear", head[at]) for at in (0, 2))
    bound = inputs**-0.5
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.uniform_(-bound, bound, generator=rng)
    optimiser = torch.optim.Adam(head.parameters(), lr=_RATE)
    batches = -(-len(training.features) // _BATCH)
    course = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _PASSES * batches)
    for _ in range(_PASSES):
        for rows in torch.split(torch.randperm(len(training.features), generator=rng), _BATCH):
            features, logits, *truth = (column[rows] for column in training)
            logits = logits + head((features - mean) / deviation).repeat(1, len(DIRECTIONS))
            size = first.weight.square().sum() + last.weight.square().sum()
            loss = regions_loss(logits, *truth) + _DECAY * size
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            course.step()
    with torch.no_grad():
        # The features come as they are from now on.
        first.weight.div_(deviation)
        first.bias.sub_(first.weight @ mean)
    network.load_state_dict(
        {f"distance.{k}": v for k, v in head.state_dict().items()}, strict=False
    )


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.egolog.localization.distance_head", description=__doc__
    )
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], help="random seeds of heads and batches"
    )
    parser.add_argument("--clips", type=int, default=CLIPS, help="clips of 2 s to learn from")
    parser.add_argument(
        "--stretches", type=int, default=placed_days.STRETCHES, help="number of composed minutes"
    )
    parser.add_argument(
        "--weights",
        type=weights_folder,
        default=WEIGHTS_DIR,
        help="folder of the weights to start from",
    )
    parser.add_argument(
        "--cache", type=kept_folder, help="cache folder of drawn clips and composed days"
    )
    parser.add_argument("--out", type=output_file, required=True, help="output file of the weights")
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seeds=0, clips=1, stretches=1)
    data = needed_recordings(parser, options)
    pin_one_thread()
    with cache_folder(options.cache) as cache:
        material = Material.read(data, "validation", elsewhere=False)
        days = [placed_days.compose(n, material, cache, options.stretches) for n in _DAYS_SEEDS]
        worlds = two_ears.read_worlds(data, "cpu", tables=TABLES)
        columns = drawn_columns(lambda: worlds.train, PLACING, options.clips, _DRAWS_SEED, cache)
    registry = Registry(options.weights)
    initial = registry.load(LOCALIZATION).module.eval()
    without_head = with_new_head(initial, HIDDEN)
    validation = _Validation.of(without_head, worlds, PlacedDays.concatenate(days))
    validation.report("before", initial)
    training = examples(
        without_head, seconds_of(columns), torch.Generator().manual_seed(_DRAWS_SEED)
    )
    candidates = {"without a head": with_new_head(initial, None)}
    for seed in options.seeds:
        network = with_new_head(initial, HIDDEN)
        fit_head(network, training, torch.Generator().manual_seed(seed))
        candidates[f"seed {seed}"] = network
    losses = {}
    for name, network in candidates.items():
        outputs = validation.outputs(network)
        on_drawn = [outputs[part] for part in VALIDATION]
        life_calibration.calibrate(network, on_drawn, [outputs[_DAYS]])
        losses[name] = validation.report(name, network)
    best = min(losses, key=lambda name: losses[name])
    saved = registry.save(LOCALIZATION, candidates[best], options.out, half=True)
    print(f"wrote {options.out}, {best}, revision {saved.revision}")
    return 0


class _Validation(NamedTuple):
    """The validation sets: the head's input `features` of each, and the logits `without_head`.

    They are drawn seconds, those around a dummy head in the dry, used for selection only, and
    composed days, in which `share` of the regions are near.
    """

    features: dict[str, Tensor]
    without_head: dict[str, RegionLogits]
    share: float

    @classmethod
    def of(
        cls, without_head: Localization, worlds: two_ears.Worlds, days: PlacedDays
    ) -> _Validation:
        clips, seed = VALIDATION_CLIPS, two_ears.VALIDATION_SEED
        share = life_calibration.near_share(days)
        sets = {n: (n, d) for n, d in validation_sets(worlds.validation, clips, seed).items()}
        if worlds.head is not None:
            around = validation_sets(worlds.head, clips, seed, ["dry"])
            sets["MIT KEMAR, dry"] = ("dry", around["dry"])
        features, outputs = {}, {}
        for name, (like, drawn) in sets.items():
            clear = life_calibration.clear(drawn)
            with layer_inputs(without_head.out) as inputs:
                outputs[name] = life_calibration.drawn_logits(without_head, like, clear, share)
            features[name] = torch.cat(inputs)
        with layer_inputs(without_head.out) as inputs:
            outputs[_DAYS] = life_calibration.day_logits(without_head, days)
        features[_DAYS] = torch.cat(inputs)
        return cls(features, outputs, share)

    def outputs(self, network: Localization) -> dict[str, RegionLogits]:
        """Return the logits of `network` on each set."""
        head = network.distance
        if head is None:
            return self.without_head
        return {
            name: outputs._replace(
                logits=outputs.logits + head(self.features[name]).repeat(1, len(DIRECTIONS))
            )
            for name, outputs in self.without_head.items()
        }

    @torch.no_grad()
    def report(self, when: str, network: Localization) -> float:
        """Print the scores of `network` on each set, and return its mean log loss."""
        outputs = self.outputs(network)
        scores = {
            name: life_calibration.near_scores(network, each) for name, each in outputs.items()
        }
        rows = [f"{k} {v['log_loss']:.3f} ({v['ece']:.3f})" for k, v in scores.items()]
        mean = float(np.mean([each["log_loss"] for each in scores.values()]))
        print(
            f"{when}: near is {self.share:.3f} of life; log loss of near, and calibration error: "
            f"{', '.join(rows)}; mean {mean:.4f}",
            flush=True,
        )
        return mean


if __name__ == "__main__":
    sys.exit(main())
