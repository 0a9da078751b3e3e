"""The section of docs/RESULTS.md on refining and learning."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from models.research.lib.page_sections import sections
from models.research.lib.plots import bars, lines
from models.research.lib.tables import Figures, pick, spread, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEADING = "## Refining and learning"
UNMEASURED = (
    f"{HEADING}\nNot run: "
    "`python -m models.research.evaluation.self_training --results docs/RESULTS.md`."
)

_ROWS = (
    ("scenario F1 in doubt, by the offline expert", ("expert_gain_uncertain",), "+0.02"),
    ("… by an oracle right in 70 %", ("oracle_gain", "0.7"), ""),
    ("… 80 %", ("oracle_gain", "0.8"), ""),
    ("… 90 %", ("oracle_gain", "0.9"), ""),
    ("scenario F1 on the days after one day's queue", ("adapt_gain",), "+0.03"),
    ("… in the log", ("adapt_log_gain",), ""),
    ("scenario F1 on the original domain", ("original_change",), "−0.005"),
    ("scenario F1, the worst of poisoned queues", ("poisoned_change",), "0"),
)
_LOCAL = (
    (("details", "alone"), "by the half minute alone", ""),
    (("details", "refining", "expert", "all_before"), "as logged, the minutes before", "0.74"),
    (("details", "refining", "expert", "all_after"), "with the expert", "≥ as logged"),
)
_ADAPTING = {
    "gain": "gain",
    "gain in the log": "log_gain",
    "on the original domain": "original_change",
}


def section(runs: Sequence[Figures], figures: Path, command: str, date: str) -> str:
    """Return the section, and draw its plots into `figures`."""
    first = runs[0]["details"]
    rows = [[name, _across(runs, path), bar] for name, path, bar in _ROWS]
    for path, whose, bar in _LOCAL:
        rows.append([f"F1 of all windows {whose}, no gain", _across(runs, path), bar])
    for at, when in ((0, "before"), (1, "after")):
        shares = [run["uncertain_share"][at] for run in runs]
        bar = "" if at == 0 else "a third less"
        rows.append([f"share of windows below 0.5, {when}", spread(shares), bar])
    for day in range(len(runs[0]["calls_per_hour"])):
        calls = [run["calls_per_hour"][day] for run in runs]
        rows.append([f"calls per wearer-hour, day {day + 1}", spread(calls), "falls" * (day > 0)])
        same = [run["details"]["calls_without_learning"][day] for run in runs]
        rows.append(["… without learning", spread(same), ""])
    who = first["adapting"]
    by = [
        [
            "the expert" if name == "expert" else f"an oracle right in {name}",
            *(_across(runs, ("details", "adapting", name, key)) for key in _ADAPTING.values()),
            _gates(runs, name),
        ]
        for name in who
    ]
    _draw(runs, figures)
    seeds = ", ".join(str(run["details"]["seed"]) for run in runs)
    weights = " and ".join(dict.fromkeys(run["details"]["weights"] for run in runs))
    return "\n\n".join(
        [
            f"{HEADING}\nWritten by `{command}` on {date}, {weights}: wearers, ears, rooms and a "
            "mix of life that the weights never met, composed for three days; "
            f"seeds {seeds}, {first['windows']} windows each. What an answer replaces is the "
            "likeliest scenario, which stands in doubt. The queue of the lower rows is named by "
            f"the {_who(first['labels'])}.",
            table(["gain in micro-F1", "ours", "bar"], rows),
            "The first day's queue by who names it, on the two days after, and what the gate "
            "said of each day's revision; an oracle is asked in doubt, as an endpoint is, and the "
            "expert names the rest:",
            table(["in doubt, named by", *_ADAPTING, "accepted on day"], by),
            "![gain by an endpoint's accuracy](figures/oracle.png) "
            "![calls per wearer-hour](figures/calls.png)",
        ]
    )


def present(page: str) -> str:
    """Return a page's section on the loop, or one that says that it was not measured."""
    return sections(page).get(HEADING, UNMEASURED)


def _across(runs: Sequence[Figures], path: tuple[str, ...]) -> str:
    values = [value for run in runs if (value := pick(run, path)) is not None]
    return spread(values) if values else "not measured"


def _gates(runs: Sequence[Figures], name: str) -> str:
    days = [
        [
            str(day)
            for day, verdict in enumerate(run["details"]["adapting"][name]["gate"], 1)
            if verdict.startswith("accepted")
        ]
        for run in runs
    ]
    return "; ".join(", ".join(each) or "none" for each in days)


def _who(labels: str) -> str:
    return "offline expert" if labels == "expert" else f"oracle that is right in {labels}"


def _draw(runs: Sequence[Figures], figures: Path) -> None:
    curve = {
        float(name): statistics.mean(
            run["details"]["refining"][name]["uncertain_after"] for run in runs
        )
        for name in runs[0]["details"]["refining"]
        if name != "expert"
    }
    before, expert = (
        statistics.mean(run["details"]["refining"]["expert"][key] for run in runs)
        for key in ("uncertain_before", "uncertain_after")
    )
    lines(
        {
            "asked endpoint": curve,
            "local estimate": dict.fromkeys(curve, before),
            "offline expert": dict.fromkeys(curve, expert),
        },
        "how often the endpoint is right",
        "scenario F1 of windows in doubt",
        figures / "oracle.png",
    )
    days = range(len(runs[0]["calls_per_hour"]))
    unlearned = [
        statistics.mean(run["details"]["calls_without_learning"][day] for run in runs)
        for day in days
    ]
    bars(
        {"without learning": unlearned}
        | {
            f"named by {'the expert' if name == 'expert' else f'an oracle, {name}'}": [
                statistics.mean(
                    run["details"]["adapting"][name]["calls_per_hour"][day] for run in runs
                )
                for day in days
            ]
            for name in ("expert", "0.8")
        },
        [f"day {day + 1}" for day in days],
        "calls per wearer-hour while every day is learned from",
        figures / "calls.png",
        top=None,
    )
