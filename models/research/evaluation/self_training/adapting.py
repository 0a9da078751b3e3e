"""Days of adaptation: each day's windows are named, learned from, and judged at the gate.

It is the pipeline's own way: items as the refiner queues them, `models.finetuning.revise` as the
fine-tuner calls it, and the next day begins with whatever revision the gate let through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.egolog.scenario import SCENARIO
from models.finetuning.acceptance_gate import GateSettings
from models.finetuning.revise import revise
from models.finetuning.scoring import probabilities
from models.finetuning.tune import TuneSettings
from models.research.egolog.households.log import smoothed_labels
from models.research.egolog.scenario import WINDOW_S
from models.research.evaluation.self_training.uncertainty import uncertain
from models.research.lib.metrics import micro_f1
from schemas import FinetuneItem, Vector

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.egolog.scenario import ScenarioNet
    from models.research.egolog.households.records import HouseholdWindows
    from models.research.evaluation.self_training.annotators import Annotator
    from models.serving.registry import Registry

Array = NDArray[np.float32]
TUNING, GATE = TuneSettings(), GateSettings()


@dataclass(frozen=True)
class Day:
    """One day: windows in doubt a wearer-hour while it lasted, and the network that comes next.

    A language model is called about these, and about no other. `outcome` and `reason` are the
    gate's; `named` of the `asked` windows got a label.
    """

    calls_per_hour: float
    asked: int
    named: int
    outcome: str
    reason: str
    metrics: dict[str, float]
    network: ScenarioNet


def queue_items(
    days: HouseholdWindows, estimates: Array, annotators: Sequence[Annotator]
) -> list[FinetuneItem]:
    """Return the items that the refiner queues for estimates (N, 16) of the shipped order.

    Of several annotators the first that looks at a window names it.
    """
    items: dict[int, FinetuneItem] = {}
    for annotator in annotators:
        looked_at = annotator.looks_at(estimates)
        asked = looked_at[~np.isin(looked_at, list(items))]
        for number, answer in zip(asked, annotator(days, estimates, asked), strict=True):
            record = days.record(int(number), estimates[number])
            rows = Vector.of(days.rows[number], "<f2")
            items[int(number)] = FinetuneItem.of(
                record, rows, answer, annotator.provenance if answer else "none"
            )
    return [items[number] for number in sorted(items)]


def adapt_daily(
    registry: Registry,
    days: HouseholdWindows,
    annotators: Sequence[Annotator],
    out: Path,
    tuning: TuneSettings = TUNING,
    gate: GateSettings = GATE,
    last: int | None = None,
) -> list[Day]:
    """Return what became of each day, `last` included, None for all; weights are kept in `out`."""
    network, in_use = registry.load(SCENARIO).module, None
    queue: list[FinetuneItem] = []
    outcomes: list[Day] = []
    for day in np.unique(days.day).tolist():
        if last is not None and day > last:
            break
        today = days.take(days.day == day)
        estimates = smoothed_labels(today, probabilities(network, today.rows))
        items = queue_items(today, estimates, annotators)
        queue += items
        file = out / f"{SCENARIO.name}-{day}.safetensors"
        revised = revise(registry, queue, in_use, file, tuning, gate)
        if revised.verdict.accepted:
            network, in_use = registry.load(SCENARIO, file).module, file
        outcomes.append(
            Day(
                len(uncertain(estimates)) / (len(today) * WINDOW_S / 3_600),
                len(items),
                sum(bool(item.pseudo_labels) for item in items),
                revised.verdict.outcome,
                revised.verdict.reason,
                revised.verdict.metrics,
                network,
            )
        )
    return outcomes


def change_of(before: Array, after: Array, truth: Array) -> dict[str, float]:
    """Return micro-F1 and the share of windows below 0.5 of two networks' estimates (N, 16)."""
    figures = {}
    for name, estimates in (("before", before), ("after", after)):
        figures[f"f1_{name}"] = micro_f1(estimates, truth)
        figures[f"uncertain_{name}"] = len(uncertain(estimates)) / len(estimates)
    return figures
