"""Measure what a wearer's corrections teach: `python -m models.research.evaluation.corrections`.

Each new wearer of a shifted domain, with ears and rooms that no network met, lives three days
(`models.research.egolog.households`). Of the first day the wearer corrects at most `--corrections`
half minutes of which the log, refined by the offline expert, says something else than what went on;
the queue holds these and, as in the pipeline, the expert's label of every window. A revision is
tuned from it (`models.finetuning.revise`) and judged on the wearer's second and third day, of which
nothing was learned.

- `gain`: micro-F1 of the estimates on the later days over the shipped network's, mean of wearers;
- `expert_gain`: the same where nobody corrects and the expert alone teaches;
- `published`: the share of wearers whose revision passes the gate; what does not pass gains 0.

`--validation` composes the days from what the weights were chosen on, with other seeds: settings
are chosen there.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.egolog.offline_expert import Expert
from models.egolog.scenario import SCENARIO
from models.finetuning.acceptance_gate import GateSettings
from models.finetuning.revise import revise
from models.finetuning.scoring import probabilities
from models.finetuning.tune import TuneSettings
from models.labels import SCENARIOS
from models.research.egolog.households.days import Calendar, lived
from models.research.evaluation.options import measured_data
from models.research.evaluation.self_training.adapting import queued
from models.research.evaluation.self_training.annotators import ByExpert
from models.research.evaluation.self_training.measures import (
    MINUTES,
    SEED,
    SHARED_TIME,
    STRETCHES,
)
from models.research.evaluation.self_training.refining import refined
from models.research.lib.metrics import micro_f1
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from schemas.correction import WEARER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.research.egolog.households.records import HouseholdWindows
    from schemas import FinetuneItem

CORRECTIONS = 50
TUNING = TuneSettings()
_VALIDATION_SEED = 9_000

Figures = dict[str, Any]


def corrected(
    days: HouseholdWindows, most: int, seed: int
) -> tuple[list[FinetuneItem], list[FinetuneItem]]:
    """Return the items by the expert of all windows, and by the wearer of `most` wrong ones."""
    expert = ByExpert(Expert.load())
    guesses = queued(days, days.scenarios, expert)
    asked = np.arange(len(days))
    log = refined(days.scenarios, asked, [item.pseudo_labels for item in guesses])
    wrong = np.flatnonzero((log != days.truth).any(axis=1) & days.truth.any(axis=1))
    chosen = np.random.default_rng([seed, 31]).permutation(wrong)[:most]
    words = [
        guesses[number].model_copy(
            update={
                "provenance": WEARER,
                "pseudo_labels": [
                    name for name, there in zip(SCENARIOS, days.truth[number], strict=True) if there
                ],
            }
        )
        for number in sorted(chosen.tolist())
    ]
    return guesses, words


def of_wearer(
    registry: Registry,
    days: HouseholdWindows,
    most: int,
    seed: int,
    folder: Path,
    tuning: TuneSettings,
    gate: GateSettings,
) -> Figures:
    """Return one wearer's figures: F1 of later days by the shipped and by both tuned networks."""
    shipped = registry.load(SCENARIO).module
    first, later = days.take(days.day == 0), days.take(days.day > 0)
    guesses, words = corrected(first, most, seed)
    figures: Figures = {
        "windows": len(first),
        "corrections": len(words),
        "f1_shipped": _f1(shipped, later),
    }
    for name, queue in (("expert", guesses), ("corrected", [*guesses, *words])):
        file = folder / f"{name}.safetensors"
        result = revise(registry, queue, None, file, tuning, gate)
        tuned = _f1(registry.load(SCENARIO, file).module, later)
        passed = result.verdict.accepted
        figures[f"f1_{name}"] = tuned if passed else figures["f1_shipped"]
        figures[f"f1_{name}_without_gate"] = tuned
        figures[f"gate_{name}"] = f"{result.verdict.outcome}: {result.verdict.reason}"
        if name == "corrected":
            before, after = result.verdict.before, result.verdict.after
            figures["held_out"] = [after["wearer_windows"], before["wearer_f1"], after["wearer_f1"]]
    return figures


def measure(
    weights: Path,
    data: Path | None,
    calendar: Calendar,
    cache: Path,
    most: int = CORRECTIONS,
    tuning: TuneSettings = TUNING,
    processes: int = 1,
) -> Figures:
    """Return the figures of all wearers of a calendar."""
    pin_one_thread()
    days = lived(calendar, weights, data, cache, processes)
    registry = Registry(weights)
    with tempfile.TemporaryDirectory(prefix="egolog-corrections-") as folder:
        each: list[Figures] = []
        for wearer in np.unique(days.wearer):
            each.append(
                of_wearer(
                    registry,
                    days.take(days.wearer == wearer),
                    most,
                    calendar.seed + int(wearer),
                    Path(folder),
                    tuning,
                    GateSettings(wearer=tuning.wearer),
                )
            )
            print(_line(int(wearer), each[-1]), file=sys.stderr, flush=True)
    return {
        "gain": _mean(f["f1_corrected"] - f["f1_shipped"] for f in each),
        "expert_gain": _mean(f["f1_expert"] - f["f1_shipped"] for f in each),
        "corrections": _mean(f["corrections"] for f in each),
        "published": _mean(f["gate_corrected"].startswith("accepted") for f in each),
        "wearers": each,
    }


def _line(wearer: int, figures: Figures) -> str:
    """Return what is known of a wearer, for who waits for the others."""
    by = "; ".join(
        f"{name} {figures[f'f1_{name}']:.3f} (without gate "
        f"{figures[f'f1_{name}_without_gate']:.3f}, {figures[f'gate_{name}']})"
        for name in ("expert", "corrected")
    )
    return f"wearer {wearer}: F1 shipped {figures['f1_shipped']:.3f}; {by}"


def _f1(network: Any, days: HouseholdWindows) -> float:
    estimates: NDArray[np.float32] = probabilities(network, days.rows)
    return micro_f1(estimates, days.truth)


def _mean(values: Any) -> float:
    return float(np.mean([float(value) for value in values]))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation.corrections",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="folder of recordings (default: the shared ones)")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the wearers")
    parser.add_argument("--wearers", type=int, default=6, help="number of wearers")
    parser.add_argument("--corrections", type=int, default=CORRECTIONS, help="most half minutes")
    parser.add_argument("--validation", action="store_true", help="compose from validation's")
    parser.add_argument("--wearer-weight", type=float, help="how many windows a word counts as")
    parser.add_argument("--json", type=Path, help="output file of the metrics")
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help="folder of the weights")
    parser.add_argument("--cache", type=Path, help="cache folder of the composed days")
    parser.add_argument("--processes", type=int, default=2, help="processes that compose days")
    options = parser.parse_args(arguments)
    for name in ("wearers", "corrections", "processes"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} is {getattr(options, name)}; expected 1 or more")
    data = measured_data(parser, options)
    seed = (_VALIDATION_SEED if options.validation else SEED) + options.seed
    calendar = Calendar(
        seed, options.wearers, STRETCHES, MINUTES, SHARED_TIME, validation=options.validation
    )
    tuning = TUNING
    if options.wearer_weight is not None:
        tuning = replace(tuning, wearer=options.wearer_weight)
    with tempfile.TemporaryDirectory(prefix="egolog-corrections-") as folder:
        cache = options.cache if options.cache is not None else Path(folder)
        figures = measure(
            options.weights,
            data,
            calendar,
            cache,
            options.corrections,
            tuning,
            options.processes,
        )
    for name in ("gain", "expert_gain", "corrections", "published"):
        print(f"{name.replace('_', ' ')}: {figures[name]:.3f}")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
