"""The sections of docs/RESULTS.md that the ablations write, one for each comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.research.lib.tables import across, table

if TYPE_CHECKING:
    from models.research.lib.tables import Figures

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
    return "\n\n".join(parts)
