"""Writes docs/RESULTS.md: tables of every figure, mean and spread over the seeds, and plots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.research.evaluation.corrections import report as corrections
from models.research.evaluation.report import ablations, classes
from models.research.evaluation.report.composed import far_sound, lengths
from models.research.evaluation.report.headlines import COMPOSED_BARS, MEASURED_BARS, headlines
from models.research.evaluation.report.localization import localization
from models.research.evaluation.report.measured import measured_distance, real_motion, real_sounds
from models.research.evaluation.report.sizes import sizes_and_time
from models.research.evaluation.self_training import report as loop_page
from models.research.lib.page_sections import sections
from schemas.atomic_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.research.lib.sizes import Cost, Size
    from models.research.lib.tables import Figures


@dataclass(frozen=True)
class Report:
    """The content of the page."""

    runs: dict[int, Figures]
    sizes: Sequence[Size]
    costs: Sequence[Cost]
    date: str
    command: str
    data: str


def write(report: Report, page: Path) -> None:
    """Write the page, and its plots into `figures/` beside it."""
    page.parent.mkdir(parents=True, exist_ok=True)
    figures = page.parent / "figures"
    figures.mkdir(exist_ok=True)
    runs = list(report.runs.values())
    # These sections are written by other commands, so they are kept.
    before = page.read_text("utf-8") if page.is_file() else ""
    kept = [each for each in map(sections(before).get, ablations.HEADINGS.values()) if each]
    parts = [
        "# Results",
        f"Written by `{report.command}` on {report.date}; {report.data}. Seeds "
        f"{', '.join(map(str, report.runs))} each compose other unseen days, rooms and placements; "
        "figures are mean ± standard deviation over them.",
        "## Measured: real clips, speech and motion, and a measured head\n"
        + headlines(runs, MEASURED_BARS)
        + real_sounds(runs)
        + measured_distance(runs)
        + real_motion(runs[0]),
        "## Composed days: real sounds, ears and motion put together by our own recipes\n"
        + headlines(runs, COMPOSED_BARS),
        "## Far sound\n" + far_sound(runs),
        "## Localization\n" + localization(runs, figures),
        "## Length of data\n" + lengths(runs, figures),
        "## Classes and scenarios\n" + classes.section(runs, figures),
        *(kept or [ablations.UNMEASURED]),
        loop_page.present(before),
        corrections.present(before),
        "## Sizes and time\n" + sizes_and_time(report.sizes, report.costs),
        "Activities recognised across data sets, and by their description alone: "
        "[LANHAR.md](LANHAR.md).",
    ]
    write_atomically(page, "\n\n".join(parts) + "\n")
