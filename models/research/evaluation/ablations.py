"""The peers of the shipped design: `python -m models.research.evaluation.ablations`.

On the shipped encoders, for each seed: the cells of EgoLog's Table 2 with both sequence models,
Table 1's rows, and the baselines; all on the same composed days with the same selection rule,
measured on unseen life. Needs the recordings that were trained on.

`--positive-pairs` compares both definitions of a positive pair instead, each with encoders of its
own, on half the first part of the days. `--contrastive-alone` measures what the contrastive stage
itself gives and nothing else: the same encoders, sequence model and key frames with and without its
loss, with and without the supervised heads that are beside it. What is compared trains for a time,
so on a busy machine unequally; `--steps` and `--sharing-steps` make it equal, and the same networks
on any machine.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from models.egolog.contrastive import SharedSpace
from models.research.egolog import baselines, contrastive, recipes
from models.research.egolog import har as of_har
from models.research.egolog import scenario as of_scenario
from models.research.egolog.context import PART, TrainingContext
from models.research.egolog.contrastive import StageLosses
from models.research.egolog.days.composed import compose
from models.research.egolog.days.encoded import encode, encode_segments
from models.research.egolog.days.feature_scale import FeatureScale, reset_standardisation
from models.research.evaluation.composed_days import scores as composed_life
from models.research.evaluation.options import weights_measured
from models.research.evaluation.report.ablations import section
from models.research.lib.cache_folder import cache_folder
from models.research.lib.error_lines import one_line_errors
from models.research.lib.fit import Fit
from models.research.lib.metrics import micro_f1
from models.research.lib.page_command import page_command
from models.research.lib.page_sections import put_section
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.torch_device import torch_device
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from models.simulation.sources.material import unseen_material
from schemas.atomic_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.egolog.contrastive import Encoders, Positive
    from models.egolog.scenario import ScenarioNet
    from models.egolog.scenario import Sequence as SequenceModel
    from models.research.egolog.days.encoded import EncodedDays
    from models.simulation.sources.material import Material

POSITIVES: tuple[Positive, ...] = ("sample", "scenario")
# Row of Table 2: sequence model, contrastive stage.
CELLS: dict[str, tuple[SequenceModel, bool]] = {
    "multi-modal": ("none", False),
    "multi-modal + transformer": ("transformer", False),
    "+ contrastive": ("none", True),
    "+ contrastive + transformer": ("transformer", True),
    "+ contrastive + lstm": ("lstm", True),
}

# What the stage teaches: all four networks above it are the same and train alike.
LOSSES: dict[str, StageLosses] = {
    "neither": StageLosses(space=False, labels=False),
    "contrastive": StageLosses(labels=False),
    "labels": StageLosses(space=False),
    "contrastive + labels": StageLosses(),
}
# What the contrastive loss alone changes: without and with the supervised heads beside it.
PAIRS = (("contrastive", "neither"), ("contrastive + labels", "labels"))


@dataclass(frozen=True)
class TrainingBudget:
    """What is compared trains alike: each network as `network` says, each stage as `stage` does.

    A step of a scenario network takes `windows` of 30 s, one of a stage `segments` of 2 s.
    """

    network: Fit
    stage: Fit
    windows: int = of_scenario.BATCH
    segments: int = contrastive.BATCH

    def report(self) -> dict[str, str | int | None]:
        """Return `network` and `stage` in words, and how many segments a stage draws if known."""
        steps = self.stage.steps
        return {
            "network": f"{_words(self.network)}, a scenario's in batches of {self.windows}",
            "stage": f"{_words(self.stage)}, in batches of {self.segments}",
            "segments": None if steps is None else steps * self.segments,
        }


def contrastive_alone(
    context: TrainingContext, budget: TrainingBudget
) -> dict[str, dict[str, float]]:
    """Return the scenario's F1 on unseen life for each of `LOSSES`, all else alike."""
    unseen = compose(
        composed_life.SEED + context.seed,
        composed_life.STRETCHES,
        composed_life.STRETCH_S,
        _material_of(context),
        context.cache,
        mono=False,
    )
    figures = {}
    for name in LOSSES:
        cell = train_with(context, name, budget)
        test = cell.scale.of(encode_segments(cell.encoders, [unseen], fast=True))
        figures[name] = _f1(cell.network, cell.encoders, test)
        print(f"seed {context.seed}, {name}: F1 {figures[name]:.3f}", flush=True)
    # Paired: both cells of a seed are measured on the same days.
    differences = {
        f"{name} − {without}": figures[name] - figures[without] for name, without in PAIRS
    }
    return {"contrastive_alone": figures, "contrastive_differences": differences}


@dataclass(frozen=True)
class TrainedCell:
    """Encoders, whose space takes features on `scale`, and the network above them, which does."""

    encoders: Encoders
    network: ScenarioNet
    scale: FeatureScale


def train_with(context: TrainingContext, losses: str, budget: TrainingBudget) -> TrainedCell:
    """Return encoders whose stage had the losses `LOSSES[losses]`, and the network above them.

    Both train on the composed days only, without the demo's simulated ones, and above a new space:
    the shipped one was trained with the contrastive loss. The network takes standardised features:
    a short stage with new heads shifts features by many times their spread, and the noise that the
    network trains with is a share of their standard deviation, shifts included.
    """
    encoders = context.encoders()
    torch.manual_seed(context.seed)
    encoders.space = SharedSpace(encoders.config.space)
    composed = context.train_days[:-1]
    encoders = contrastive.train(
        encoders,
        composed,
        context.validation_days,
        recipes.POSITIVE,
        budget.stage,
        context.seed,
        LOSSES[losses],
        context.device,
        budget.segments,
    )
    days = encode_segments(encoders, composed, fast=True)
    check = encode_segments(encoders, [context.validation_days], fast=True)
    scale = FeatureScale.of_days(days)
    if LOSSES[losses].space:
        scale.rescale(encoders.space)
    else:
        # Nothing trained it: its inputs are standardised as they are.
        reset_standardisation(encoders.space)
    network = of_scenario.train(
        scale.of(days),
        scale.of(check),
        encoders.space,
        budget.network,
        context.seed,
        batch=budget.windows,
    )
    return TrainedCell(encoders, network, scale)


def tables(context: TrainingContext, budget: TrainingBudget) -> dict[str, Any]:
    """Return the figures of Tables 1 and 2 and of the baselines on unseen life."""
    networks = composed_life.Networks.load(context.registry)
    life = composed_life.unseen_life(networks, _material_of(context), context.seed, context.cache)
    days, check = context.encoded_days()
    figures: dict[str, Any] = {"scenario": {}}
    for name, (sequence, sharing) in CELLS.items():
        train, check_days, test = (
            each if sharing else each.plain() for each in (days, check, life.encoded)
        )
        network = of_scenario.train(
            train,
            check_days,
            networks.encoders.space,
            budget.network,
            context.seed,
            sequence=sequence,
            key_frames=sharing,
            batch=budget.windows,
        )
        figures["scenario"][name] = _f1(network, networks.encoders, test)
        if name == "+ contrastive + transformer":
            har = of_har.train(days, check, networks.text, budget.network, context.seed)
            figures["har"] = composed_life.measure_har(
                replace(networks, scenario=network, har=har), life
            )
    for part, table in (("scenario", baselines.scenarios), ("har", baselines.activities)):
        figures[f"{part}_baselines"] = baselines.measure(
            table(days), table(check), table(life.encoded), context.seed
        )
    return figures


def positive_pairs(context: TrainingContext, budget: TrainingBudget) -> dict[str, dict[str, float]]:
    """Return the scenario's F1, and retrieval of motion, by definition of a positive pair."""
    networks = composed_life.Networks.load(context.registry)
    life = composed_life.unseen_life(networks, _material_of(context), context.seed, context.cache)
    figures: dict[str, dict[str, float]] = {"positive": {}, "retrieval": {}}
    small = replace(context, stretches=min(context.stretches, PART // 2))
    for positive in POSITIVES:
        encoders = contrastive.train(
            context.encoders(),
            small.train_days,
            small.validation_days,
            positive,
            budget.stage,
            context.seed,
            batch=budget.segments,
        )
        examples, check_days = small.encoded_by(encoders)
        test = encode(encoders, life.days)
        figures["retrieval"][positive] = contrastive.retrieval(encoders, test)
        network = of_scenario.train(
            examples,
            check_days,
            encoders.space,
            budget.network,
            context.seed,
            batch=budget.windows,
        )
        figures["positive"][positive] = _f1(network, encoders, test)
    return figures


def _material_of(context: TrainingContext) -> Material:
    """Return the material of unseen life; raises `ValueError` without recordings."""
    if context.data is None:
        raise ValueError("ablations need recordings; expected EGOLOG_SHARED_DATA set")
    return unseen_material(context.data)


def _f1(network: ScenarioNet, encoders: Encoders, test: EncodedDays) -> float:
    windows = of_scenario.cut_windows(test, encoders.space)
    return micro_f1(of_scenario.predict(network, windows), windows.scenarios.cpu().numpy())


COMPARISONS = {
    "tables": tables,
    "positive_pairs": positive_pairs,
    "contrastive_alone": contrastive_alone,
}


def _words(settings: Fit) -> str:
    if settings.steps is None:
        return f"{settings.minutes:g} min"
    return f"{settings.steps} steps, {settings.minutes:g} min at most"


def _figures_before(
    parser: argparse.ArgumentParser, path: Path | None, training: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return the seeds of `path` that trained alike; a command line error if some did not."""
    if path is None:
        parser.error("--resume has no file to resume from; expected --json FILE")
    if not path.is_file():
        return {}
    before: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8"))
    for seed, figures in before.items():
        if figures["training"] != training:
            parser.error(
                f"--resume: seed {seed} of {path} trained as {figures['training']}; "
                f"expected {training}"
            )
    return before


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation.ablations", description=__doc__
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--minutes", type=float, default=0.7, help="training time per network, minutes"
    )
    parser.add_argument(
        "--sharing-minutes",
        type=float,
        default=6.0,
        help="training time per contrastive stage, minutes",
    )
    parser.add_argument("--steps", type=int, help="training steps per network, if they end sooner")
    parser.add_argument(
        "--sharing-steps", type=int, help="training steps per contrastive stage, if they end sooner"
    )
    parser.add_argument(
        "--scenario-batch",
        type=int,
        default=of_scenario.BATCH,
        help="windows in a batch of a scenario network",
    )
    parser.add_argument(
        "--sharing-batch",
        type=int,
        default=contrastive.BATCH,
        help="segments in a batch of a contrastive stage",
    )
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--positive-pairs",
        action="store_const",
        dest="comparison",
        const="positive_pairs",
        help="compare both definitions of a positive pair",
    )
    kind.add_argument(
        "--contrastive-alone",
        action="store_const",
        dest="comparison",
        const="contrastive_alone",
        help="measure the contrastive stage alone, with and without its supervised heads",
    )
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help="folder of the weights")
    parser.add_argument(
        "--device",
        type=torch_device,
        default="cpu",
        help="torch device that --contrastive-alone trains and measures on; the other comparisons "
        "run on cpu only",
    )
    parser.add_argument("--cache", type=Path, help="cache folder of the composed days")
    parser.add_argument("--stretches", type=int, default=4 * PART)
    parser.add_argument("--json", type=Path, help="output file of the metrics")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="keep the seeds that --json has of the same budget, and measure the others",
    )
    parser.add_argument("--results", type=Path, help="page that the comparison's section is put in")
    parser.set_defaults(comparison="tables")
    return parser


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    for name, count, least in (
        ("steps", options.steps, 1),
        ("sharing-steps", options.sharing_steps, 1),
        ("scenario-batch", options.scenario_batch, 1),
        # A pair needs another to differ from.
        ("sharing-batch", options.sharing_batch, 2),
    ):
        if count is not None and count < least:
            parser.error(f"--{name} is {count}; expected {least} or more")
    if options.device != "cpu" and options.comparison != "contrastive_alone":
        parser.error(f"--device is {options.device}; expected cpu unless --contrastive-alone")
    data = needed_recordings(parser, options)
    pin_one_thread()
    budget = TrainingBudget(
        Fit(options.minutes, steps=options.steps),
        Fit(options.sharing_minutes, rate=recipes.SHARING_RATE, steps=options.sharing_steps),
        options.scenario_batch,
        options.sharing_batch,
    )
    weights = weights_measured(Registry(options.weights))
    training = {
        "comparison": options.comparison,
        "stretches": options.stretches,
        **budget.report(),
        "weights": weights,
    }
    figures: dict[str, dict[str, Any]] = {}
    if options.resume:
        figures = _figures_before(parser, options.json, training)
    with cache_folder(options.cache) as cache:
        for seed in (each for each in options.seeds if str(each) not in figures):
            context = TrainingContext(
                data, options.weights, cache, seed, options.stretches, device=options.device
            )
            measure = COMPARISONS[options.comparison]
            measured = measure(context, budget)
            figures[str(seed)] = measured | {"training": training}
            if options.json is not None:
                write_atomically(options.json, json.dumps(figures, indent=2))
    figures = {str(seed): figures[str(seed)] for seed in options.seeds}
    print(json.dumps(figures, indent=2))
    if options.results is not None:
        without = {"json", "cache", "resume"}
        if options.comparison == "tables":
            without |= {"sharing_minutes", "sharing_steps", "sharing_batch"}
        command = page_command(parser, options, without)
        written = f"Written by `{command}` on {datetime.now(UTC).date().isoformat()}, {weights}"
        put_section(options.results, section(options.comparison, figures, written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
