"""README's figures are those of the pages that commands write."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
RESULTS, LANHAR, PERFORMANCE, RELIABILITY = (
    f"docs/{name}.md" for name in ("RESULTS", "LANHAR", "PERFORMANCE", "RELIABILITY")
)
PLACES = ("classyglass", "hapt", "wisdm19_watch", "wisdm19_phone")


def figure(page: str, row: str) -> str:
    """Return the first group of the only line of `page` that `row` begins."""
    found = re.findall(rf"^{row}", (ROOT / page).read_text("utf-8"), re.MULTILINE)
    assert len(found) == 1, f"{page}: {row} is there {len(found)} times"
    return str(found[0])


def cell(page: str, first: str, number: int) -> str:
    """Return the figure in column `number` of the first row of `page` that begins with `first`."""
    rows = [
        line.strip("| ").split(" | ")
        for line in (ROOT / page).read_text("utf-8").splitlines()
        if line.startswith(f"| {first} |")
    ]
    return rows[0][number].split(" ")[0]


def motion(column: int) -> str:
    return ", ".join(cell(RESULTS, place, column) for place in PLACES)


def lanhar() -> str:
    text = (ROOT / LANHAR).read_text("utf-8")
    rows = re.findall(r"^\| [^|]+ \| (\w+) \| \d+ \| \d+ \| \d+ \| ([\d.]+) \|", text, re.MULTILINE)
    return ", ".join(dict(reversed(rows))[place] for place in PLACES)


@pytest.mark.parametrize(
    "said",
    [
        f"{motion(2)} of what is not called unknown is right; {motion(4)} of all is sure and wrong",
        f"trouser pocket | {lanhar()} |",
        f"50 classes | {cell(RESULTS, 'sound events, 50 classes', 1)}",
        f"as loud as it | {cell(RESULTS, 'real speech heard as speech, in quiet', 1)}, "
        f"{cell(RESULTS, '… at 0 dB under street noise', 1)}",
        f"rooms | {cell(RESULTS, 'near or far, dummy head in the dry, source beside it', 1)}, "
        f"{cell(RESULTS, '… in simulated rooms', 1)}",
        f"F1 {cell(RESULTS, '… with the minutes before', 1)}",
        f"an activity, {cell(RESULTS, 'activity, 5 s, accuracy', 1)}",
        f"within a second, {cell(RESULTS, 'direction, binaural, 1 s', 1)}",
        f"carries {float(cell(PERFORMANCE, 'wearers a core', 1)):.0f} simulated wearers",
        f"published {cell(PERFORMANCE, 'activity, p50 / p99, 1 wearer, ms', 1)} ms after",
        f"or {cell(PERFORMANCE, 'activity, p50 / p99, 32 wearers with aligned clocks, ms', 1)} ms",
        figure(RELIABILITY, r"\*\*(\d+ of \d+ logs are) the calm run's"),
    ],
)
def test_a_figure_is_the_pages(said: str) -> None:
    assert said in README
