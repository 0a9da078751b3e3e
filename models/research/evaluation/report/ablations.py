"""The sections of docs/RESULTS.md that the ablations write, one for each comparison."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from models.research.egolog.context import STRETCH_S
from models.research.egolog.days.encoded import SEGMENT_S
from models.research.lib.tables import across, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.research.lib.tables import Figures

_DIFFERENCES = "contrastive_differences"
HEADINGS = {
    "tables": "## Ablations and baselines",
    "positive_pairs": "## Definitions of a positive pair",
    "contrastive_alone": "## The contrastive stage alone",
}
_TITLES = {
    "scenario": "scenario F1 (EgoLog Table 2)",
    "scenario_baselines": "scenario F1, baselines",
    "har": "activity accuracy (EgoLog Table 1)",
    "har_baselines": "activity accuracy, baselines",
    "positive": "scenario F1",
    "retrieval": "motion found among 32 by its sound",
    "contrastive_alone": "scenario F1 by what the stage's loss teaches, all else alike",
    _DIFFERENCES: "difference by the contrastive loss, within each seed",
}
UNMEASURED = (
    f"{HEADINGS['tables']}\n\nNot measured: `python -m models.research.evaluation.ablations "
    "--results docs/RESULTS.md`."
)


def section(comparison: str, by_seed: dict[str, Figures], written: str) -> str:
    """Return the section of a comparison, from the figures of each seed.

    `written` says by which command, when and of which weights.
    """
    runs = list(by_seed.values())
    training = runs[0]["training"]
    # The tables' networks stand on the shipped encoders.
    stage = "" if comparison == "tables" else f", a contrastive stage for {training['stage']}"
    parts = [
        HEADINGS[comparison],
        f"{written}: seeds {', '.join(by_seed)}, measured on other unseen composed days for each. "
        f"Trained on {training['stretches']} composed minutes; a network for "
        f"{training['network']}{stage}.",
    ]
    parts += [
        table([title, "score"], [[name, across(runs, (key, name))] for name in runs[0][key]])
        for key, title in _TITLES.items()
        if key in runs[0]
    ]
    if _DIFFERENCES in runs[0]:
        parts.append(_caution(runs))
    return "\n\n".join(parts)


def _caution(runs: Sequence[Figures]) -> str:
    """Return how short the stage was, what it cost, and which differences the seeds differ on."""
    training = runs[0]["training"]
    there = training["stretches"] * (STRETCH_S - SEGMENT_S + 1)
    drawn, words = training["segments"], []
    if drawn is not None:
        words.append(f"Each stage drew {drawn:,} segments of 2 s; there are {there:,}.")
        if drawn < there:
            words.append("That is less than one pass, a short training: it ranks no longer ones.")
    scores = {
        name: statistics.mean(run["contrastive_alone"][name] for run in runs)
        for name in runs[0]["contrastive_alone"]
    }
    if max(scores, key=lambda name: scores[name]) == "neither":
        words.append(
            "The encoders score best as they are: the stage's new heads and space begin untrained, "
            "and at this length it loses more of what the encoders knew than it adds."
        )
    if len(runs) == 1:
        return " ".join([*words, "One seed does not show how far seeds differ."])
    unsure = []
    for name in runs[0][_DIFFERENCES]:
        values = [run[_DIFFERENCES][name] for run in runs]
        if abs(statistics.mean(values)) <= statistics.stdev(values):
            unsure.append(name)
    if unsure:
        verb = "is" if len(unsure) == 1 else "are"
        words.append(f"Of these, {' and '.join(unsure)} {verb} within the spread of the seeds.")
    return " ".join(words)
