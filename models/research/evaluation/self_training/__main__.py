"""Measure refining and learning: `python -m models.research.evaluation.self_training`.

Six new wearers with new ears and rooms live three days of a shifted domain
(`models.research.egolog.households.wearers`): some scenarios fill most of their time and others
hardly any, what a scenario shares with others takes more of it than in training, and activities and
sounds come in other proportions. Every figure is a gain in micro-F1.

- `expert_gain_uncertain`: of the windows below 0.5, by the offline expert; `oracle_gain`: the same
  by an endpoint that names what goes on with this probability and otherwise another scenario.
  Before is the local estimate as the log has it: the likeliest scenario.
- `adapt_gain`, `uncertain_share`: on the second and the third day, by the revision that the gate
  let through after the first day's queue, without any further call.
- `original_change`: by that revision on the unseen days of `models.research.evaluation`, as
  lived in training.
- `poisoned_change`: on the second and third day, the worst of what is published from labels of
  which 30 % are random, and from labels that are all the same, of windows in doubt and of all.
- `calls_per_hour`: windows below 0.5 in a wearer's hour of each day, while every day's queue is
  learned from and judged before the next.

The offline expert, who costs nothing, looks at every window; an endpoint is asked below 0.5.

`--labels` says who names the queue of `adapt_gain`, `original_change`, `uncertain_share` and
`calls_per_hour`; `details` has them for each.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.egolog.offline_expert import Expert
from models.egolog.scenario import SCENARIO
from models.labels import SCENARIOS
from models.research.egolog.households.days import Calendar, lived
from models.research.egolog.scenario import WINDOW_S
from models.research.evaluation.options import measured_data
from models.research.evaluation.self_training.adapting import Day, adapted, changed
from models.research.evaluation.self_training.annotators import Annotator, ByExpert, Oracle, Stuck
from models.research.evaluation.self_training.reference_days import original
from models.research.evaluation.self_training.refining import gains
from models.research.evaluation.self_training.uncertainty import BELOW
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.research.egolog.households.records import HouseholdWindows

# The first day's queue is learned from, so it is the longest: stretches a wearer and day.
WEARERS, STRETCHES, MINUTES = 6, (2, 1, 1), 24
# 0.52 in training: what tells a scenario from the others is met less than half as often.
SHARED_TIME = 0.8
SEED = 7_000
ACCURACIES = (0.7, 0.8, 0.9)
CURVE = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
# As many draws of an oracle as its mean needs.
DRAWS = 20
LABELS = ("expert", "0.7", "0.8", "0.9")
DEFAULT_LABELS = "expert"
RANDOM_SHARE = 0.3

Figures = dict[str, Any]


def measure(
    weights: Path,
    data: Path | None,
    seed: int,
    cache: Path,
    labels: str = DEFAULT_LABELS,
    muffled_db: float = 0.0,
    processes: int = 2,
) -> Figures:
    """Return every figure of one seed; the earphones lose `muffled_db` with each octave."""
    pin_one_thread()
    calendar = Calendar(SEED + seed, WEARERS, STRETCHES, MINUTES, SHARED_TIME, muffled_db)
    if processes == 1:
        usual = original(weights, data, seed, cache)
        days = lived(calendar, weights, data, cache, processes)
    else:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            meanwhile = pool.submit(original, weights, data, seed, cache)
            days = lived(calendar, weights, data, cache, processes)
            usual = meanwhile.result()
    expert = ByExpert(Expert.load())
    refining = {"expert": gains(days, expert)} | {
        f"{accuracy:g}": _mean([gains(days, Oracle(accuracy, draw)) for draw in range(DRAWS)])
        for accuracy in CURVE
    }
    registry = Registry(weights)
    named, poisons = _annotators(expert, seed), _poisons(days, seed)
    with tempfile.TemporaryDirectory(prefix="egolog-loop-") as folder:
        jobs = [
            (registry.weights_dir, days, annotator, usual, Path(folder) / name, last)
            for last, group in ((None, named), (0, poisons))
            for name, annotator in group.items()
        ]
        results = _each(jobs, processes)
    adapting = dict(zip(named, results[: len(named)], strict=True))
    poisoned = dict(zip(poisons, results[len(named) :], strict=True))
    main = adapting[labels]
    return {
        "expert_gain_uncertain": _gain(refining["expert"]),
        "oracle_gain": {f"{at:g}": _gain(refining[f"{at:g}"]) for at in ACCURACIES},
        "adapt_gain": main["gain"],
        "original_change": main["original_change"],
        "uncertain_share": main["uncertain_share"],
        "poisoned_change": min(each["gain"] for each in poisoned.values()),
        "calls_per_hour": main["calls_per_hour"],
        "details": {
            "seed": seed,
            "labels": labels,
            "muffled_db": muffled_db,
            "windows": len(days),
            "calls_without_learning": _calls(days),
            "refining": refining,
            "adapting": adapting,
            "poisoned": poisoned,
        },
    }


def _annotators(expert: ByExpert, seed: int) -> dict[str, Annotator]:
    named: dict[str, Annotator] = {"expert": expert}
    return named | {f"{at:g}": Oracle(at, seed) for at in ACCURACIES}


def _poisons(days: HouseholdWindows, seed: int) -> dict[str, Annotator]:
    often = days.truth.sum(axis=0)
    most, least = SCENARIOS[int(often.argmax())], SCENARIOS[int(often.argmin())]
    return {
        f"{RANDOM_SHARE:.0%} random": Oracle(1 - RANDOM_SHARE, seed + 1),
        f"{RANDOM_SHARE:.0%} random, of all": Oracle(1 - RANDOM_SHARE, seed + 1, always=True),
        "stuck on the most frequent": Stuck(most),
        "stuck on the most frequent, of all": Stuck(most, always=True),
        "stuck on the rarest": Stuck(least),
    }


def _each(jobs: Sequence[tuple[Any, ...]], processes: int) -> list[Figures]:
    if processes == 1:
        return [_adapted(*job) for job in jobs]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return [job.result() for job in [pool.submit(_adapted, *job) for job in jobs]]


def _adapted(
    weights: Path,
    days: HouseholdWindows,
    annotator: Annotator,
    usual: tuple[NDArray[np.float16], NDArray[np.float32]],
    out: Path,
    last: int | None = None,
) -> Figures:
    """Return what one annotator's queue made of the network."""
    pin_one_thread()
    registry = Registry(weights)
    shipped = registry.load(SCENARIO).module
    outcomes: Sequence[Day] = adapted(registry, days, annotator, out, last=last)
    later = days.take(days.day > 0)
    first = changed(shipped, outcomes[0].network, later.rows, later.truth)
    at_home = changed(shipped, outcomes[0].network, *usual)
    ended = changed(shipped, outcomes[-1].network, *usual)
    return {
        "gain": first["f1_after"] - first["f1_before"],
        "f1": [first["f1_before"], first["f1_after"]],
        "uncertain_share": [first["uncertain_before"], first["uncertain_after"]],
        "original_change": at_home["f1_after"] - at_home["f1_before"],
        "original_change_at_the_end": ended["f1_after"] - ended["f1_before"],
        "calls_per_hour": [day.calls_per_hour for day in outcomes],
        "asked": [day.asked for day in outcomes],
        "named": [day.named for day in outcomes],
        "gate": [f"{day.outcome}: {day.reason}" for day in outcomes],
    }


def _calls(days: HouseholdWindows) -> list[float]:
    """Return the calls a wearer-hour of each day by the shipped network: days differ."""
    shares = [
        float((days.confidence[days.day == day] < BELOW).mean()) for day in np.unique(days.day)
    ]
    return [share * 3_600 / WINDOW_S for share in shares]


def _gain(refining: dict[str, float]) -> float:
    return refining["uncertain_after"] - refining["uncertain_before"]


def _mean(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([run[name] for run in runs])) for name in runs[0]}


def headlines(figures: Figures) -> str:
    """Return the headline figures as a Markdown table."""
    rows = [(k, v) for k, v in figures.items() if k != "details"]
    flat = []
    for name, value in rows:
        if isinstance(value, dict):
            flat += [(f"{name} {key}", f"{each:+.3f}") for key, each in value.items()]
        elif isinstance(value, list):
            flat.append((name, " → ".join(f"{each:.3f}" for each in value)))
        else:
            flat.append((name, f"{value:+.3f}"))
    lines = ["| figure | value |", "|---|---|"]
    return "\n".join(lines + [f"| {name.replace('_', ' ')} | {value} |" for name, value in flat])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation.self_training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="folder of recordings (default: the shared ones)")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the wearers")
    parser.add_argument("--json", type=Path, help="output file of the metrics")
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help="folder of the weights")
    parser.add_argument("--cache", type=Path, help="cache folder of the composed days")
    parser.add_argument("--labels", choices=LABELS, default=DEFAULT_LABELS)
    parser.add_argument(
        "--muffled-db", type=float, default=0.0, help="attenuation of the earphones, dB per octave"
    )
    parser.add_argument(
        "--results", type=Path, help="page whose section on self-training is updated"
    )
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], help="random seeds of --results"
    )
    parser.add_argument(
        "--processes", type=int, default=2, help="number of processes that compose days"
    )
    options = parser.parse_args(arguments)
    if options.processes < 1:
        parser.error(f"--processes is {options.processes}; expected 1 or more")
    data = measured_data(parser, options)
    runs: list[Figures] = []
    with tempfile.TemporaryDirectory(prefix="egolog-loop-") as folder:
        cache = options.cache if options.cache is not None else Path(folder)
        for seed in options.seeds if options.results is not None else [options.seed]:
            runs.append(
                measure(
                    options.weights,
                    data,
                    seed,
                    cache,
                    options.labels,
                    options.muffled_db,
                    options.processes,
                )
            )
            print(f"seed {seed}\n{headlines(runs[-1])}")
    if options.json is not None:
        options.json.write_text(json.dumps(runs[0] if len(runs) == 1 else runs, indent=2))
    if options.results is not None:
        _write_results(runs, options.results)


def _write_results(runs: Sequence[Figures], page: Path) -> None:
    # Drawing is an extra that measuring alone does without.
    from models.research.evaluation.self_training import report

    figures = page.parent / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    seeds = " ".join(str(run["details"]["seed"]) for run in runs)
    command = f"python -m models.research.evaluation.self_training --results {page} --seeds {seeds}"
    text = report.section(runs, figures, command, datetime.now(UTC).date().isoformat())
    page.write_text(report.replaced(page.read_text() if page.is_file() else "", text))
    print(f"wrote {page}")


if __name__ == "__main__":
    main()
