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
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.research.egolog import baselines, contrastive, recipes
from models.research.egolog import har as of_har
from models.research.egolog import scenario as of_scenario
from models.research.egolog.context import PART, TrainingContext
from models.research.egolog.contrastive import StageLosses
from models.research.egolog.days.composed import compose
from models.research.egolog.days.encoded import EncodedDays, encode, encode_segments
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


def contrastive_alone(
    context: TrainingContext, network_fit: Fit, stage_fit: Fit
) -> dict[str, dict[str, float]]:
    """Return the scenario's F1 on unseen life for each of `LOSSES`, all else alike.

    Each scenario network trains as `network_fit` says, each stage as `stage_fit` does.
    """
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
        encoders, network = train_with(context, name, network_fit, stage_fit)
        figures[name] = _f1(network, encoders, encode_segments(encoders, [unseen]))
    return {"contrastive_alone": figures}


def train_with(
    context: TrainingContext, losses: str, network_fit: Fit, stage_fit: Fit
) -> tuple[Encoders, ScenarioNet]:
    """Return encoders whose stage had the losses `LOSSES[losses]`, and the network above them."""
    encoders = contrastive.train(
        context.encoders(),
        context.train_days,
        context.validation_days,
        recipes.POSITIVE,
        stage_fit,
        context.seed,
        LOSSES[losses],
        context.device,
    )
    days = encode_segments(encoders, context.train_days)
    check = encode_segments(encoders, [context.validation_days])
    network = of_scenario.train(days, check, encoders.space, network_fit, context.seed)
    return encoders, network


def tables(context: TrainingContext, network_fit: Fit, _: Fit) -> dict[str, Any]:
    """Return the figures of Tables 1 and 2 and of the baselines on unseen life.

    Every network trains as `network_fit` says.
    """
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
            network_fit,
            context.seed,
            sequence=sequence,
            key_frames=sharing,
        )
        figures["scenario"][name] = _f1(network, networks.encoders, test)
        if name == "+ contrastive + transformer":
            har = of_har.train(days, check, networks.text, network_fit, context.seed)
            figures["har"] = composed_life.measure_har(
                replace(networks, scenario=network, har=har), life
            )
    for part, table in (("scenario", baselines.scenarios), ("har", baselines.activities)):
        figures[f"{part}_baselines"] = baselines.measure(
            table(days), table(check), table(life.encoded), context.seed
        )
    return figures


def positive_pairs(
    context: TrainingContext, network_fit: Fit, stage_fit: Fit
) -> dict[str, dict[str, float]]:
    """Return the scenario's F1, and retrieval across modalities, by definition of a positive pair.

    Each scenario network trains as `network_fit` says, each contrastive stage as `stage_fit` does.
    """
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
            stage_fit,
            context.seed,
        )
        examples, check_days = small.encoded_by(encoders)
        test = encode(encoders, life.days)
        figures["retrieval"][positive] = contrastive.retrieval(encoders, test)
        network = of_scenario.train(examples, check_days, encoders.space, network_fit, context.seed)
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


def _budget(settings: Fit) -> str:
    if settings.steps is None:
        return f"{settings.minutes:g} min"
    return f"{settings.steps} steps, {settings.minutes:g} min at most"


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
    parser.add_argument("--results", type=Path, help="page that the comparison's section is put in")
    parser.set_defaults(comparison="tables")
    return parser


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    for name, steps in (("steps", options.steps), ("sharing-steps", options.sharing_steps)):
        if steps is not None and steps < 1:
            parser.error(f"--{name} is {steps}; expected 1 or more")
    if options.device != "cpu" and options.comparison != "contrastive_alone":
        parser.error(f"--device is {options.device}; expected cpu unless --contrastive-alone")
    data = needed_recordings(parser, options)
    pin_one_thread()
    network_fit = Fit(options.minutes, steps=options.steps)
    stage_fit = Fit(options.sharing_minutes, rate=recipes.SHARING_RATE, steps=options.sharing_steps)
    training = {
        "stretches": options.stretches,
        "network": _budget(network_fit),
        "stage": _budget(stage_fit),
    }
    figures: dict[str, dict[str, Any]] = {}
    with cache_folder(options.cache) as cache:
        for seed in options.seeds:
            context = TrainingContext(
                data, options.weights, cache, seed, options.stretches, device=options.device
            )
            measure = COMPARISONS[options.comparison]
            figures[str(seed)] = measure(context, network_fit, stage_fit) | {"training": training}
            if options.json is not None:
                write_atomically(options.json, json.dumps(figures, indent=2))
    print(json.dumps(figures, indent=2))
    if options.results is not None:
        without = {"json", "cache"}
        if options.comparison == "tables":
            without |= {"sharing_minutes", "sharing_steps"}
        command = page_command(parser, options, without)
        written = (
            f"Written by `{command}` on {datetime.now(UTC).date().isoformat()}, "
            f"{weights_measured(Registry(options.weights))}"
        )
        put_section(options.results, section(options.comparison, figures, written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
