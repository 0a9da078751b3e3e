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
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from models.research.egolog import contrastive, recipes
from models.research.egolog import scenario as of_scenario
from models.research.egolog.context import PART, TrainingContext
from models.research.evaluation.ablated.budget import TrainingBudget
from models.research.evaluation.ablated.contrastive_alone import contrastive_alone, train_with
from models.research.evaluation.ablated.positive_pairs import positive_pairs
from models.research.evaluation.ablated.tables import tables
from models.research.evaluation.options import weights_measured
from models.research.evaluation.report.ablations import section
from models.research.lib.cache_folder import cache_folder
from models.research.lib.error_lines import one_line_errors
from models.research.lib.fit import Fit
from models.research.lib.page_command import page_command
from models.research.lib.page_sections import put_section
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.torch_device import torch_device
from models.research.lib.weights_folder import weights_folder
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from schemas.atomic_file import write_atomically
from schemas.option_bounds import check_above, check_minimums
from schemas.output_path import kept_folder, output_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["COMPARISONS", "TrainingBudget", "main", "train_with"]

COMPARISONS = {
    "tables": tables,
    "positive_pairs": positive_pairs,
    "contrastive_alone": contrastive_alone,
}


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
    parser.add_argument(
        "--weights", type=weights_folder, default=WEIGHTS_DIR, help="folder of the weights"
    )
    parser.add_argument(
        "--device",
        type=torch_device,
        default="cpu",
        help="torch device that --contrastive-alone trains and measures on; the other comparisons "
        "run on cpu only",
    )
    parser.add_argument("--cache", type=kept_folder, help="cache folder of the composed days")
    parser.add_argument("--stretches", type=int, default=4 * PART)
    parser.add_argument("--json", type=output_file, help="output file of the metrics")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="keep the seeds that --json has of the same budget, and measure the others",
    )
    parser.add_argument(
        "--results", type=output_file, help="page that the comparison's section is put in"
    )
    parser.set_defaults(comparison="tables")
    return parser


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    check_above(parser, options, minutes=0, sharing_minutes=0)
    check_minimums(
        parser, options, seeds=0, stretches=1, steps=1, sharing_steps=1, scenario_batch=1
    )
    # A pair needs another to differ from.
    check_minimums(parser, options, sharing_batch=2)
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
