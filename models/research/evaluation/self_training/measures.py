"""All figures of one seed of the self-training loop, computed in several processes.

Spawned processes import the function that they run, which is not possible from `__main__`.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.egolog.offline_expert import Expert
from models.egolog.scenario import SCENARIO
from models.finetuning.scoring import probabilities
from models.labels import SCENARIOS
from models.research.egolog.households.days import Calendar, household_windows
from models.research.egolog.households.log import smoothed_labels
from models.research.egolog.scenario import WINDOW_S
from models.research.evaluation.options import weights_measured
from models.research.evaluation.self_training.adapting import Day, adapt_daily, change_of
from models.research.evaluation.self_training.annotators import Annotator, ByExpert, Oracle, Stuck
from models.research.evaluation.self_training.reference_days import original
from models.research.evaluation.self_training.refining import by_threshold, gains
from models.research.evaluation.self_training.uncertainty import BELOW, log_labels
from models.research.lib.metrics import micro_f1
from models.research.lib.process_pool import process_pool
from models.serving.one_thread import pin_one_thread
from models.serving.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from models.research.egolog.households.records import HouseholdWindows

    # Rows (N, 15, 644) and scenarios (N, 16) of the reference days.
    Reference = tuple[NDArray[np.float16], NDArray[np.float32]]

# Stretches of each wearer by day. The first day's queue trains the network, so it is the longest.
WEARERS, STRETCHES, MINUTES = 6, (2, 1, 1), 24
# 0.52 in training: here, distinctive activities of a scenario are less than half as frequent.
SHARED_TIME = 0.8
SEED = 7_000
VALIDATION_SEED = 9_000
# Weights of the offline expert's answer; the record's own estimate has the rest.
SHARES = (0.2, 0.33, 0.5, 0.7, 1.0)
ACCURACIES = (0.7, 0.8, 0.9)
CURVE = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
# Draws over which an oracle's figures are averaged.
DRAWS = 20
LABELS = ("expert", "0.7", "0.8", "0.9")
DEFAULT_LABELS = "expert"
RANDOM_SHARE = 0.3

Figures = dict[str, Any]


def calendar_of(
    seed: int, muffled_db: float = 0.0, wearers: int = WEARERS, *, validation: bool = False
) -> Calendar:
    """Return the days of a seed's wearers: unseen ones, or those of `validation`."""
    first = VALIDATION_SEED if validation else SEED
    return Calendar(
        first + seed, wearers, STRETCHES, MINUTES, SHARED_TIME, muffled_db, validation=validation
    )


def measure_shares(
    weights: Path, data: Path | None, calendar: Calendar, cache: Path, processes: int = 2
) -> dict[str, dict[str, float]]:
    """Return the log's F1 by the weight of the offline expert's answer.

    Each is a table by the confidence below which windows are refined.
    """
    pin_one_thread()
    days = household_windows(calendar, weights, data, cache, processes)
    in_log = replace(days, scenarios=smoothed_labels(days, days.scenarios))
    shipped = Expert.load()
    return {
        f"{share:g}": by_threshold(in_log, ByExpert(replace(shipped, own_share=share)))
        for share in SHARES
    }


def measure(
    weights: Path,
    data: Path | None,
    seed: int,
    cache: Path,
    labels: str = DEFAULT_LABELS,
    muffled_db: float = 0.0,
    processes: int = 2,
    wearers: int = WEARERS,
    *,
    validation: bool = False,
) -> Figures:
    """Return every figure of one seed; the earphones lose `muffled_db` with each octave."""
    pin_one_thread()
    calendar = calendar_of(seed, muffled_db, wearers, validation=validation)
    reference = partial(original, weights, data, seed, cache, validation=validation)
    days, reference_rows = _render(calendar, weights, data, cache, processes, reference)
    in_log = replace(days, scenarios=smoothed_labels(days, days.scenarios))
    expert = ByExpert(Expert.load())
    refining = {"expert": gains(in_log, expert)} | {
        f"{accuracy:g}": _mean([gains(in_log, Oracle(accuracy, draw)) for draw in range(DRAWS)])
        for accuracy in CURVE
    }
    registry = Registry(weights)
    shipped = _Shipped.estimate(registry, days, reference_rows)
    annotators, poisons = _annotators(expert, seed), _poisons(days, expert, seed)
    with tempfile.TemporaryDirectory(prefix="egolog-loop-") as folder:
        jobs = [
            (
                registry.weights_dir,
                days,
                named_by,
                shipped,
                reference_rows,
                Path(folder) / name,
                last,
            )
            for last, group in ((None, annotators), (0, poisons))
            for name, named_by in group.items()
        ]
        results = _each(jobs, processes)
    adapting = dict(zip(annotators, results[: len(annotators)], strict=True))
    poisoned = dict(zip(poisons, results[len(annotators) :], strict=True))
    main = adapting[labels]
    return {
        "expert_gain_uncertain": _gain(refining["expert"]),
        "oracle_gain": {f"{at:g}": _gain(refining[f"{at:g}"]) for at in ACCURACIES},
        "adapt_gain": main["gain"],
        "adapt_log_gain": main["log_gain"],
        "original_change": main["original_change"],
        "uncertain_share": main["uncertain_share"],
        "poisoned_change": min(each["gain"] for each in poisoned.values()),
        "calls_per_hour": main["calls_per_hour"],
        "details": {
            "seed": seed,
            "weights": weights_measured(registry),
            "labels": labels,
            "muffled_db": muffled_db,
            "validation": validation,
            "windows": len(days),
            "alone": micro_f1(log_labels(days.scenarios), days.truth),
            "calls_without_learning": _calls(in_log),
            "refining": refining,
            "adapting": adapting,
            "poisoned": poisoned,
        },
    }


def _render(
    calendar: Calendar,
    weights: Path,
    data: Path | None,
    cache: Path,
    processes: int,
    reference: Callable[[], Reference],
) -> tuple[HouseholdWindows, Reference]:
    """Return the windows of the wearers' days, and the `reference` days made at the same time."""
    if processes == 1:
        reference_days = reference()
        return household_windows(calendar, weights, data, cache, processes), reference_days
    with process_pool(1) as pool:
        submitted = pool.submit(reference)
        days = household_windows(calendar, weights, data, cache, processes)
        return days, submitted.result()


def _annotators(expert: ByExpert, seed: int) -> dict[str, Sequence[Annotator]]:
    return {"expert": [expert], **{f"{at:g}": [Oracle(at, seed), expert] for at in ACCURACIES}}


def _poisons(days: HouseholdWindows, expert: ByExpert, seed: int) -> dict[str, Sequence[Annotator]]:
    often = days.truth.sum(axis=0)
    most, least = SCENARIOS[int(often.argmax())], SCENARIOS[int(often.argmin())]
    return {
        f"{RANDOM_SHARE:.0%} random": [Oracle(1 - RANDOM_SHARE, seed + 1), expert],
        f"{RANDOM_SHARE:.0%} random, of all": [Oracle(1 - RANDOM_SHARE, seed + 1, always=True)],
        "stuck on the most frequent": [Stuck(most), expert],
        "stuck on the most frequent, of all": [Stuck(most, always=True)],
        "stuck on the rarest": [Stuck(least), expert],
    }


def _each(jobs: Sequence[tuple[Any, ...]], processes: int) -> list[Figures]:
    if processes == 1:
        return [_measure_adapting(*job) for job in jobs]
    with process_pool(processes) as pool:
        return [job.result() for job in [pool.submit(_measure_adapting, *job) for job in jobs]]


@dataclass(frozen=True)
class _Shipped:
    """Estimates (N, 16) by the shipped network, the same whoever is learned from.

    Of the days after the first, of these in the log, and of the reference days.
    """

    later: NDArray[np.float32]
    in_log: NDArray[np.float32]
    reference: NDArray[np.float32]

    @classmethod
    def estimate(cls, registry: Registry, days: HouseholdWindows, reference: Reference) -> _Shipped:
        network = registry.load(SCENARIO).module
        later = days.take(days.day > 0)
        estimates = probabilities(network, later.rows)
        return cls(
            estimates, smoothed_labels(later, estimates), probabilities(network, reference[0])
        )


def _measure_adapting(
    weights: Path,
    days: HouseholdWindows,
    annotators: Sequence[Annotator],
    shipped: _Shipped,
    reference: Reference,
    out: Path,
    last: int | None = None,
) -> Figures:
    """Return the figures of the network that is fine-tuned on the annotators' labels."""
    pin_one_thread()
    outcomes: Sequence[Day] = adapt_daily(Registry(weights), days, annotators, out, last=last)
    later = days.take(days.day > 0)
    tuned, latest = outcomes[0].network, outcomes[-1].network
    after = probabilities(tuned, later.rows)
    first = change_of(shipped.later, after, later.truth)
    in_log = change_of(shipped.in_log, smoothed_labels(later, after), later.truth)
    rows, truth = reference
    before, after = shipped.reference, probabilities(tuned, rows)
    at_the_end = after if latest is tuned else probabilities(latest, rows)
    on_reference = change_of(before, after, truth)
    ended = change_of(before, at_the_end, truth)
    return {
        "gain": first["f1_after"] - first["f1_before"],
        "f1": [first["f1_before"], first["f1_after"]],
        "log_gain": in_log["f1_after"] - in_log["f1_before"],
        "log_f1": [in_log["f1_before"], in_log["f1_after"]],
        "uncertain_share": [in_log["uncertain_before"], in_log["uncertain_after"]],
        "original_change": on_reference["f1_after"] - on_reference["f1_before"],
        "original_change_at_the_end": ended["f1_after"] - ended["f1_before"],
        "calls_per_hour": [day.calls_per_hour for day in outcomes],
        "asked": [day.asked for day in outcomes],
        "named": [day.named for day in outcomes],
        "gate": [f"{day.outcome}: {day.reason}" for day in outcomes],
    }


def _calls(days: HouseholdWindows) -> list[float]:
    """Return each day's calls per wearer-hour with the shipped network."""
    shares = [
        float((days.confidence[days.day == day] < BELOW).mean()) for day in np.unique(days.day)
    ]
    return [share * 3_600 / WINDOW_S for share in shares]


def _gain(refining: dict[str, float]) -> float:
    return refining["uncertain_after"] - refining["uncertain_before"]


def _mean(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([run[name] for run in runs])) for name in runs[0]}
