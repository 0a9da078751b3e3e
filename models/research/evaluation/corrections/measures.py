"""The gains from corrections of each wearer, and their means over the wearers."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit, logit

from models.egolog.correction_adapter import REACH, VARIANCE, CorrectionAdapter
from models.egolog.offline_expert import Expert
from models.egolog.scenario import SCENARIO
from models.finetuning.acceptance_gate import GateSettings
from models.finetuning.coreset import Coreset
from models.finetuning.examples import Examples
from models.finetuning.revise import revise
from models.finetuning.scoring import probabilities
from models.finetuning.tune import TuneSettings
from models.labels import SCENARIOS
from models.research.egolog.households.days import Calendar, household_windows
from models.research.egolog.households.log import smoothed_labels
from models.research.evaluation.self_training.adapting import queue_items
from models.research.evaluation.self_training.annotators import ByExpert
from models.research.evaluation.self_training.measures import MINUTES, SEED, SHARED_TIME, STRETCHES
from models.research.evaluation.self_training.refining import refine
from models.research.lib.metrics import macro_f1_of_labels, micro_f1
from models.serving.one_thread import pin_one_thread
from models.serving.predict import DECIMALS
from models.serving.registry import Registry
from schemas.correction import WEARER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.egolog.scenario import ScenarioNet
    from models.finetuning.acceptance_gate import Verdict
    from models.research.egolog.households.records import HouseholdWindows
    from schemas import FinetuneItem

CORRECTIONS = 50
TUNING = TuneSettings()
# Each is the difference of two figures of a wearer.
GAINS = {
    "gain": ("f1_corrected", "f1_shipped"),
    "log_gain": ("log_f1_corrected", "log_f1_shipped"),
    "macro_gain": ("macro_f1_corrected", "macro_f1_shipped"),
    "adapter_gain": ("f1_adapter", "f1_shipped"),
    "log_adapter_gain": ("log_f1_adapter", "log_f1_shipped"),
    "revision_gain": ("f1_revision", "f1_shipped"),
    "log_revision_gain": ("log_f1_revision", "log_f1_shipped"),
    "expert_gain": ("f1_expert", "f1_shipped"),
    "original_change": ("original_adapter", "original_shipped"),
}
_VALIDATION_SEED = 9_000
_TINY = 1e-6

Figures = dict[str, Any]


def calendar_of(seed: int, wearers: int, *, validation: bool) -> Calendar:
    """Return the days of a seed's wearers, of validation or of unseen material."""
    first = _VALIDATION_SEED if validation else SEED
    return Calendar(first + seed, wearers, STRETCHES, MINUTES, SHARED_TIME, validation=validation)


def items_of_wearer(
    days: HouseholdWindows, most: int, seed: int
) -> tuple[list[FinetuneItem], list[FinetuneItem]]:
    """Return the expert's items of all windows, and the wearer's of at most `most` wrong ones."""
    expert = ByExpert(Expert.load())
    guesses = queue_items(days, days.scenarios, [expert])
    asked = np.arange(len(days))
    log = refine(days.scenarios, asked, [item.pseudo_labels for item in guesses])
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
    *,
    expert: bool,
) -> Figures:
    """Return one wearer's figures: F1 of later days by each network, and by the adapter to it."""
    shipped = registry.load(SCENARIO).module
    first, later = days.take(days.day == 0), days.take(days.day > 0)
    guesses, words = items_of_wearer(first, most, seed)
    before = probabilities(shipped, later.rows)
    remembered = adapted_estimates(shipped, words, later.rows)
    original = Coreset.load(registry).held_out
    figures: Figures = {
        "windows": len(first),
        "corrections": len(words),
        "f1_shipped": micro_f1(before, later.truth),
        "macro_f1_shipped": macro_f1_of_labels(before, later.truth),
        "f1_adapter": micro_f1(remembered, later.truth),
        "original_shipped": micro_f1(probabilities(shipped, original.rows), original.labels),
        "original_adapter": micro_f1(
            adapted_estimates(shipped, words, original.rows), original.labels
        ),
    }
    in_use = shipped
    queues = {"expert": guesses} if expert else {}
    for name, queue in {**queues, "revision": [*guesses, *words]}.items():
        file = folder / f"{name}.safetensors"
        verdict = revise(registry, queue, None, file, tuning, gate).verdict
        network = registry.load(SCENARIO, file).module
        figures |= _of_revision(name, network, verdict, later, figures["f1_shipped"])
        if name == "revision":
            in_use = network if verdict.accepted else shipped
            figures["held_out"] = [
                verdict.after["wearer_windows"],
                verdict.before["wearer_f1"],
                verdict.after["wearer_f1"],
            ]
    both = adapted_estimates(in_use, words, later.rows)
    figures["f1_corrected"] = micro_f1(both, later.truth)
    figures["macro_f1_corrected"] = macro_f1_of_labels(both, later.truth)
    by_revision = probabilities(in_use, later.rows)
    for name, estimates in (
        ("shipped", before),
        ("adapter", remembered),
        ("revision", by_revision),
        ("corrected", both),
    ):
        figures[f"log_f1_{name}"] = micro_f1(smoothed_labels(later, estimates), later.truth)
    return figures


def _of_revision(
    name: str, network: ScenarioNet, verdict: Verdict, later: HouseholdWindows, f1_shipped: float
) -> Figures:
    """Return a revision's figures on later days; one that the gate refuses changes nothing."""
    tuned = micro_f1(probabilities(network, later.rows), later.truth)
    return {
        f"f1_{name}": tuned if verdict.accepted else f1_shipped,
        f"f1_{name}_without_gate": tuned,
        f"gate_{name}": f"{verdict.outcome}: {verdict.reason}",
    }


def adapted_estimates(
    network: ScenarioNet, words: Sequence[FinetuneItem], rows: NDArray[np.float16]
) -> NDArray[np.float32]:
    """Return the estimates (N, 16) of rows by `network` and the adapter of a wearer's `words`."""
    plain = probabilities(network, rows)
    return shift_estimates(plain, adapter_of(network, words)) if words else plain


def adapter_of(
    network: ScenarioNet,
    words: Sequence[FinetuneItem],
    reach: float = REACH,
    variance: float = VARIANCE,
) -> CorrectionAdapter:
    """Return the adapter of a wearer's `words` to `network`, as in a worker."""
    windows = Examples.of_items(words)
    estimates = probabilities(network, windows.rows).round(DECIMALS)
    return CorrectionAdapter("", estimates, windows.labels > 0, "", reach=reach, variance=variance)


def shift_estimates(plain: NDArray[np.float32], adapter: CorrectionAdapter) -> NDArray[np.float32]:
    """Return estimates (N, 16) of a network after its adapter."""
    odds = logit(plain.astype(np.float64).clip(_TINY, 1 - _TINY))
    result: NDArray[np.float32] = expit(
        odds + np.stack([adapter.shift(each) for each in odds])
    ).astype(np.float32)
    return result


def measure(
    weights: Path,
    data: Path | None,
    calendar: Calendar,
    cache: Path,
    most: int = CORRECTIONS,
    tuning: TuneSettings = TUNING,
    processes: int = 1,
    *,
    expert: bool = False,
) -> Figures:
    """Return the figures of all wearers of a calendar."""
    pin_one_thread()
    days = household_windows(calendar, weights, data, cache, processes)
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
                    expert=expert,
                )
            )
            print(_line(int(wearer), each[-1]), file=sys.stderr, flush=True)
    gains = {
        name: [figures[after] - figures[before] for figures in each]
        for name, (after, before) in GAINS.items()
        if after in each[0]
    }
    return {
        **{name: float(np.mean(values)) for name, values in gains.items()},
        "corrections": float(np.mean([figures["corrections"] for figures in each])),
        "published": float(
            np.mean([figures["gate_revision"].startswith("accepted") for figures in each])
        ),
        "sd": {
            name: float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
            for name, values in gains.items()
        },
        "wearers": each,
    }


def _line(wearer: int, figures: Figures) -> str:
    """Return a wearer's figures as a line of progress."""
    by = "; ".join(
        f"{name} {figures[f'f1_{name}']:.3f} (without gate "
        f"{figures[f'f1_{name}_without_gate']:.3f}, {figures[f'gate_{name}']})"
        for name in ("expert", "revision")
        if f"f1_{name}" in figures
    )
    return (
        f"wearer {wearer}: F1 shipped {figures['f1_shipped']:.3f}; adapter "
        f"{figures['f1_adapter']:.3f}; {by}; revision and adapter {figures['f1_corrected']:.3f}; "
        f"the log {figures['log_f1_shipped']:.3f}, adapter {figures['log_f1_adapter']:.3f}, "
        f"revision {figures['log_f1_revision']:.3f}, both {figures['log_f1_corrected']:.3f}"
    )
