"""The sections on composed days: a far loudspeaker, the length of data, and ablations."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from models.research.lib.plots import lines
from models.research.lib.tables import Figures, across, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def far_sound(runs: Sequence[Figures]) -> str:
    """Return the accuracy of activities by method against a far loudspeaker."""
    ways = (
        ("no gate", "accuracy_interfered", None),
        ("audio dropped", "accuracy_interfered_gated", "won_back_dropped"),
        ("near field kept", "accuracy_interfered_near_kept", "won_back"),
    )
    rows = [
        [
            name,
            across(runs, ("har", accuracy)),
            "–" if won is None else across(runs, ("gate", won)),
        ]
        for name, accuracy, won in ways
    ]
    return (
        "Composed minutes in which a loudspeaker plays from afar without a pause; its cost is what "
        f"activities lose beside {across(runs, ('har', 'accuracy_clean'))} without it. Where "
        "there is a gate they are told the scenario without segments of far sound alone.\n\n"
        + table(["what is done", "activity, 5 s, accuracy", "share of the cost won back"], rows)
    )


def lengths(runs: Sequence[Figures], figures: Path) -> str:
    """Return the scores by length of data, and plot their means into the folder `figures`."""
    kinds = {
        "activity, accuracy (no scenario)": ("har", "by_length"),
        "scenario, F1": ("scenario", "by_length"),
    }
    rows = []
    drawn: dict[str, dict[float, float]] = {}
    for name, path in kinds.items():
        lengths = runs[0].get(path[0], {}).get(path[1], {})
        rows += [[name, f"{length} s", across(runs, (*path, length))] for length in lengths]
        drawn[name] = {
            float(s): statistics.mean(float(run[path[0]][path[1]][s]) for run in runs)
            for s in lengths
        }
    located = runs[0].get("localization", {}).get("by_length", {})
    for length in located:
        where = ("localization", "by_length", length, "direction_accuracy")
        rows.append(["direction, accuracy", f"{length} s", across(runs, where)])
    if located:
        drawn["direction, accuracy"] = {
            float(s): float(located[s]["direction_accuracy"]) for s in located
        }
    lines(drawn, "seconds", "accuracy against length of data", figures / "lengths.png")
    return (
        table(["what", "length", "score"], rows)
        + "\n\n![accuracy against length](figures/lengths.png)"
    )


def ablations(by_seed: dict[str, Figures]) -> str:
    """Return a table for each ablation and baseline, from the figures of each seed."""
    if not by_seed:
        return (
            "Not run: `python -m models.research.evaluation.ablations --json FILE`, "
            "then `--ablations FILE`."
        )
    runs = list(by_seed.values())
    titles = {
        "scenario": "Scenario F1 (EgoLog Table 2)",
        "scenario_baselines": "Scenario F1, baselines",
        "positive": "Scenario F1 by definition of a positive pair",
        "retrieval": "Motion found among 32 by its sound",
        "har": "Activity accuracy (EgoLog Table 1)",
        "har_baselines": "Activity accuracy, baselines",
        "contrastive_alone": "Scenario F1 by what the contrastive stage teaches, all else alike",
    }
    parts = [
        f"Trained with seeds {', '.join(by_seed)} on the shipped encoders "
        "(`python -m models.research.evaluation.ablations`), "
        f"measured on other unseen days for each.{_training(runs[0].get('training'))}"
    ]
    for key, title in titles.items():
        if key not in runs[0]:
            continue
        rows = [[name, across(runs, (key, name))] for name in runs[0][key]]
        parts.append(table([title, "score"], rows))
    return "\n\n".join(parts)


def _training(figures: Figures | None) -> str:
    if figures is None:
        return ""
    return (
        f" The days were {figures['stretches']} composed minutes; a network trained for "
        f"{figures['network']}, a contrastive stage for {figures['stage']}."
    )
