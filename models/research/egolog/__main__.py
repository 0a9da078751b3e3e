"""Train networks: `python -m models.research.egolog NAME [--minutes M] [--seed N]`.

Steps, each of which uses the weights that earlier ones saved: audio (sound events), encoders (the
IMU encoder), motion (further training of its motion classes only), space (contrastive), compact
(low-rank audio tower), recogniser (sound events, distilled from EfficientAT), scenario (with
Table 2's ablations), har, motion_alone (further training of har on real wearers), activity_seconds
(what single seconds add to har), familiarity and scenario_familiarity (fitted); and localization,
which depends on none of them. --minutes limits the training of a step, not the fitted steps and not
what a step composes and encodes of --stretches, which --cache keeps. `all` runs every step. Days
are composed of recordings if available (EGOLOG_SHARED_DATA, or ../shared/data) and simulated
otherwise. Checkpoints are selected on validation users, clips and ears, never on the test part.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from models.research.egolog import recipes
from models.research.egolog.context import PART, TrainingContext
from models.research.lib.error_lines import one_line_errors
from models.research.lib.recordings_folder import recordings_or_simulated
from models.research.lib.torch_device import torch_device
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR
from schemas.option_bounds import check_above, check_minimums
from schemas.output_path import kept_folder, output_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STEPS: dict[str, Callable[[TrainingContext, float], None]] = {
    "audio": recipes.audio,
    "encoders": recipes.encoders,
    "motion": recipes.motion,
    "space": recipes.space,
    "compact": recipes.compact,
    "recogniser": recipes.recogniser,
    "scenario": recipes.scenario,
    "har": recipes.har,
    "motion_alone": recipes.motion_alone,
    "activity_seconds": recipes.activity_seconds,
    "familiarity": recipes.familiarity,
    "scenario_familiarity": recipes.scenario_familiarity,
    "localization": recipes.localization,
}
# Shares of --minutes for `all`.
SHARES = {
    "audio": 0.2,
    "encoders": 0.05,
    "motion": 0.02,
    "space": 0.17,
    "compact": 0.03,
    "recogniser": 0.1,
    "scenario": 0.08,
    "har": 0.04,
    "motion_alone": 0.01,
    "activity_seconds": 0.02,
    "familiarity": 0.0,
    "scenario_familiarity": 0.0,
    "localization": 0.28,
}
CACHE = Path(tempfile.gettempdir()) / "egolog-training"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.research.egolog", description=__doc__)
    parser.add_argument("name", choices=(*STEPS, "all"))
    parser.add_argument("--seed", type=int, default=0, help="random seed of weights and batches")
    parser.add_argument(
        "--minutes",
        type=float,
        default=5.0,
        help="training time per step, minutes, once its days are composed",
    )
    parser.add_argument(
        "--out", type=output_folder, default=str(WEIGHTS_DIR), help="folder to write weights to"
    )
    parser.add_argument(
        "--cache", type=kept_folder, default=CACHE, help="cache folder of the composed days"
    )
    parser.add_argument(
        "--stretches", type=int, default=4 * PART, help="number of composed training minutes"
    )
    parser.add_argument(
        "--steps",
        type=int,
        help="number of batches of each scenario network, with which a seed gives the same weights "
        "on any machine; by default as many as --minutes allow",
    )
    parser.add_argument(
        "--clips", type=int, default=8000, help="number of clips to train localization on"
    )
    parser.add_argument(
        "--jobs", type=int, default=1, help="number of processes that render those clips"
    )
    parser.add_argument(
        "--device",
        type=torch_device,
        default="cpu",
        help="torch device that localization is trained on; on a device other than cpu, seconds "
        "for two ears are rendered there during training, and not drawn before from --clips",
    )
    parser.add_argument(
        "--further",
        action="store_true",
        help="continue training localization from the weights in --out",
    )
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=tuple(recipes.LOCALIZATION_SHARES),
        default=(),
        help="networks of localization to train; all by default",
    )
    return parser


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    check_above(parser, options, minutes=0)
    check_minimums(parser, options, seed=0, stretches=1, clips=1, jobs=1, steps=1)
    pin_one_thread()
    data = recordings_or_simulated()
    context = TrainingContext(
        data,
        options.out,
        options.cache,
        options.seed,
        options.stretches,
        options.clips,
        options.jobs,
        options.device,
        options.further,
        tuple(options.parts),
        options.steps,
    )
    for name in STEPS if options.name == "all" else (options.name,):
        share = SHARES[name] if options.name == "all" else 1.0
        STEPS[name](context, options.minutes * share)
    return 0


if __name__ == "__main__":
    sys.exit(main())
