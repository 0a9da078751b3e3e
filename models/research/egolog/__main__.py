"""Train networks: `python -m models.research.egolog NAME [--minutes M] [--seed N]`.

Steps, each on what the ones before it saved: audio (sound events), encoders (motion, beside the
trained audio), motion (its classes trained on, all the rest as it is), space (contrastive), compact
(the sound of that made cheap), recogniser (sound events, taught by EfficientAT), scenario (with
Table 2's ablations), har, motion_alone (that trained on, on real wearers), familiarity and
scenario_familiarity (fitted); and localization, which needs none of them. What is fitted takes its
own time, whatever --minutes. `all` runs every step.
Days are composed of recordings where they are there (EGOLOG_SHARED_DATA, or ../shared/data) and
simulated where not. Checkpoints are chosen on validation users, clips and ears, never on those of
the test.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from models.research.egolog import recipes
from models.research.egolog.context import PART, TrainingContext
from models.research.lib.recordings_folder import recordings_or_simulated
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR

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
    "familiarity": 0.0,
    "scenario_familiarity": 0.0,
    "localization": 0.3,
}
CACHE = Path(tempfile.gettempdir()) / "egolog-training"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.research.egolog", description=__doc__)
    parser.add_argument("name", choices=(*STEPS, "all"))
    parser.add_argument("--seed", type=int, default=0, help="random seed of weights and batches")
    parser.add_argument(
        "--minutes", type=float, default=5.0, help="training time per step, minutes"
    )
    parser.add_argument("--out", type=Path, default=WEIGHTS_DIR, help="folder to write weights to")
    parser.add_argument(
        "--cache", type=Path, default=CACHE, help="cache folder of the composed days"
    )
    parser.add_argument(
        "--stretches", type=int, default=4 * PART, help="number of composed training minutes"
    )
    parser.add_argument(
        "--clips", type=int, default=8000, help="clips that localization learns from"
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes that render those clips")
    parser.add_argument(
        "--device",
        default="cpu",
        help="where localization is trained, as cuda; elsewhere than on the cpu seconds for two "
        "ears are rendered there while they are learned from, whatever --clips",
    )
    parser.add_argument(
        "--further", action="store_true", help="train localization on from the weights in --out"
    )
    options = parser.parse_args(arguments)
    for name in ("minutes", "stretches", "clips", "jobs"):
        if getattr(options, name) <= 0:
            parser.error(f"--{name} is {getattr(options, name)}; expected more than 0")
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
    )
    for name in STEPS if options.name == "all" else (options.name,):
        share = SHARES[name] if options.name == "all" else 1.0
        STEPS[name](context, options.minutes * share)


if __name__ == "__main__":
    main()
