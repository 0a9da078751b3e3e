"""One fine-tuning attempt: from a queue to saved weights and a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.egolog.scenario import SCENARIO
from models.finetuning.acceptance_gate import GateSettings, Verdict, judge
from models.finetuning.coreset import Coreset
from models.finetuning.examples import Examples
from models.finetuning.holdout import held_out
from models.finetuning.temporal_smoothing import Timeline
from models.finetuning.tune import TuneSettings, between, tune
from schemas.correction import WEARER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.serving.registry import Registry
    from schemas import FinetuneItem


@dataclass(frozen=True)
class Candidate:
    """A candidate's revision, its training and test data, and the verdict."""

    revision: str
    learned: int
    held_out: int
    verdict: Verdict


def revise(
    registry: Registry,
    items: Sequence[FinetuneItem],
    in_use: Path | None,
    out: Path,
    tuning: TuneSettings,
    gate: GateSettings,
) -> Candidate:
    """Tune the registry's network on labelled windows, write it to `out` and judge it.

    Of the strides of `tuning` the first that the gate does not reject for the original days is
    used. The candidate is compared with the network in the file `in_use` (None for the registry's),
    but always starts from the registry's, so that errors do not accumulate over revisions.

    Items must come from the registry's encoders. Raises `RegistryError`, `CoresetError` and
    `ExamplesError`.
    """
    named = without_overruled([item for item in items if item.pseudo_labels])
    labellers = np.array([item.provenance for item in named], str)
    every, when, out_of = Examples.of_items(named), Timeline.of_items(named), held_out(named)
    coreset = Coreset.load(registry)
    first = registry.load(SCENARIO).module
    parent = first if in_use is None else registry.load(SCENARIO, in_use).module
    tuned = tune(
        first, every.take(~out_of), coreset.train, tuning, when.take(~out_of), labellers[~out_of]
    )
    learned, left = int((~out_of).sum()), int(out_of.sum())
    for share in tuning.strides:
        # Stored as float16, and judged as it will be loaded.
        saved = registry.save(SCENARIO, between(first, tuned, share), out, half=True)
        verdict = judge(
            parent,
            saved.module,
            coreset.held_out,
            every.take(out_of),
            gate,
            labellers[out_of],
            first,
        )
        if verdict.outcome != "original":
            break
    return Candidate(saved.revision, learned, left, verdict)


def without_overruled(items: Sequence[FinetuneItem]) -> list[FinetuneItem]:
    """Return items without those of windows that their wearer labelled as well."""
    by_wearer = {(each.device_id, each.window_id) for each in items if each.provenance == WEARER}
    return [
        item
        for item in items
        if item.provenance == WEARER or (item.device_id, item.window_id) not in by_wearer
    ]
