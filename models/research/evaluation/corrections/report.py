"""The section of docs/RESULTS.md on what a wearer's corrections teach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.research.evaluation.corrections.measures import GAINS
from models.research.lib.page_sections import sections
from models.research.lib.tables import Figures, across, table

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADING = "## A wearer's corrections"
UNMEASURED = (
    f"{HEADING}\nNot run: "
    "`python -m models.research.evaluation.corrections --results docs/RESULTS.md`."
)

_ROWS = (
    ("scenario F1 of later days, in the log", "log_gain", "+0.03"),
    ("… by the wearer's own adapter alone", "log_adapter_gain", ""),
    ("… by the revision alone, which all wearers get", "log_revision_gain", ""),
    ("scenario F1 of later days, window by window", "gain", ""),
    ("… by the wearer's own adapter alone", "adapter_gain", ""),
    ("… by the revision alone", "revision_gain", ""),
    ("macro-F1 of later days, window by window", "macro_gain", ""),
    ("scenario F1 on the original domain, by the adapter", "original_change", ""),
)


def section(runs: Sequence[Figures], command: str, date: str) -> str:
    """Return the section."""
    rows = [
        [
            name,
            across(runs, (key,)),
            ", ".join(f"{run[key]:+.3f} ± {run['sd'][key]:.3f}" for run in runs),
            f"{losing(runs, key)} of {sum(len(run['wearers']) for run in runs)}",
            bar,
        ]
        for name, key, bar in _ROWS
    ]
    wearers = " or ".join(dict.fromkeys(str(len(run["wearers"])) for run in runs))
    seeds = ", ".join(str(run["details"]["seed"]) for run in runs)
    weights = " and ".join(dict.fromkeys(run["details"]["weights"] for run in runs))
    head = ["gain", "ours", "each seed, ± over its wearers", "wearers who lose", "bar"]
    return "\n\n".join(
        [
            f"{HEADING}\nWritten by `{command}` on {date}, {weights}. Composed days: on the first "
            "of three a wearer whose ears, rooms and mix of scenarios the weights never met "
            f"corrects up to {max(_most(run) for run in runs)} half minutes in which the log is "
            f"wrong. Seeds {seeds}, each a domain of {wearers} wearers. "
            f"{across(runs, ('corrections',))} corrections a wearer; the gate publishes "
            f"{across(runs, ('published',))} of the revisions.",
            table(head, rows),
        ]
    )


def losing(runs: Sequence[Figures], gain: str) -> int:
    """Return the number of wearers whose figure is lower than before."""
    after, before = GAINS[gain]
    return sum(each[after] < each[before] for run in runs for each in run["wearers"])


def present(page: str) -> str:
    """Return a page's section on corrections, or one that says that it was not measured."""
    return sections(page).get(HEADING, UNMEASURED)


def _most(run: Figures) -> int:
    return max(int(each["corrections"]) for each in run["wearers"])
