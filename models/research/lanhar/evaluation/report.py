"""Writing docs/LANHAR.md: LanHAR and its baselines, mean and spread over the seeds.

The page's lead and the sections that other commands write stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.research.lanhar.evaluation.over_seeds import by_seeds
from models.research.lanhar.evaluation.report_tables import (
    LanharReport,
    ablations_table,
    baselines_table,
    divergence_table,
    headlines_table,
    new_table,
    sizes_table,
    ways_table,
)
from models.research.lib.page_sections import lead, with_section
from schemas.atomic_file import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

_DEVELOPMENT = (
    "**These are development figures.** No run reads a label of its target (but `dcnn_fine_tuned`, "
    "which the paper fine-tunes on a few), and lengths and thresholds are fixed; yet the design, "
    "its inputs and its settings were chosen while scores on HAPT, ClassyGlass and WISDM as "
    "targets were in view. Only a data set that was not at hand then is an honest test."
)
_UNSEEN = (
    "Readings of the target in none of the classes, named among all of the target's labels and "
    "the classes shared with the source. LanHAR learns from descriptions and unlabelled readings; "
    "the baselines from the source's labelled classes, by the same label vectors: the networks "
    "through ridge regression, the forest by its shares (ConSE), `nuactiv` by the patterns that "
    "descriptions name. `dcnn_fine_tuned` sees the labels of a hundredth of the target. UniMTS "
    "was not built; HARGPT runs where an endpoint is given."
)
_QUICK = (
    "**Trained for a quarter of the steps (`--quick`), as are the baselines: these rows compare "
    "with one another, not with tables of whole runs.**"
)

ACROSS = "## Across data sets"
WALKING_AND_SITTING = "## Walking and sitting, from one data set to another"
POCKET = "## A phone in a pocket: walking, stairs and still"


def write(report: LanharReport, page: Path) -> None:
    """Write the page; pictures in `figures/` beside it are shown where they are."""
    parts = _first_parts(ACROSS, report)
    parts += [
        headlines_table(report),
        "## From one data set to another\n" + ways_table(report),
        "## Baselines, macro-F1\n" + baselines_table(report),
        "## New activities, accuracy\n" + _UNSEEN + "\n\n" + new_table(report),
        "## Ablations\n" + ablations_table(report),
        "## Distance between data sets\n" + divergence_table(report),
        "## Sizes and time\n" + sizes_table(report),
    ]
    pictures = sorted((page.parent / "figures").glob("lanhar_*.png"))
    if pictures:
        shown = " ".join(f"![{_title(path)}](figures/{path.name})" for path in pictures)
        parts.append(f"## Pictures\nt-SNE of {report.ablated}.\n\n{shown}")
    _put(page, "\n\n".join(parts))


def write_walking_and_sitting(report: LanharReport, page: Path) -> None:
    """Write the section of ways whose data sets share two of the paper's four activities."""
    parts = [
        *_first_parts(WALKING_AND_SITTING, report),
        headlines_table(report),
        ways_table(report),
        "### Baselines of walking and sitting, macro-F1\n" + baselines_table(report),
        "### New activities beside walking and sitting, accuracy\n" + new_table(report),
    ]
    _put(page, "\n\n".join(parts))


def write_pocket(report: LanharReport, page: Path) -> None:
    """Write the section of the way from waists to pockets, whose stairs have no direction."""
    parts = [
        *_first_parts(POCKET, report),
        headlines_table(report),
        ways_table(report),
        "### Baselines in a pocket, macro-F1\n" + baselines_table(report),
    ]
    _put(page, "\n\n".join(parts))


def _first_parts(heading: str, report: LanharReport) -> list[str]:
    seeds = sorted({seed for of_way in report.runs.values() for seed in of_way})
    spread = f"Seeds {', '.join(map(str, seeds)) or 'none'}; figures are mean ± standard deviation."
    if len(seeds) == 1:
        spread = f"Seed {seeds[0]} alone, so no spread is known."
    if any(sorted(of_way) != seeds for of_way in report.runs.values()):
        spread += " Means over ways are of seeds that ran all of them."
    spread += "".join(
        f" Of {', '.join(names)}: {'seed' if len(few) == 1 else 'seeds'} "
        f"{', '.join(map(str, few))} alone."
        for few, names in by_seeds(report.runs).items()
        if list(few) != seeds
    )
    parts = [
        f"{heading}\n"
        f"Written by `{report.command}` on {report.date}; shipped weights {report.weights}. "
        + spread,
        _DEVELOPMENT,
    ]
    if report.quick:
        parts.append(_QUICK)
    return parts


def _put(page: Path, text: str) -> None:
    page.parent.mkdir(parents=True, exist_ok=True)
    before = page.read_text("utf-8") if page.is_file() else ""
    titled = before if lead(before) else f"# LanHAR\n\n{before}"
    write_atomically(page, with_section(titled, text))


def _title(path: Path) -> str:
    return path.stem.removeprefix("lanhar_").replace("_", " ")
