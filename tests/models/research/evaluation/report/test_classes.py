from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.research.evaluation.composed_days.by_class import SHOWN
from models.research.evaluation.report.classes import section

if TYPE_CHECKING:
    from pathlib import Path


def run(value: float) -> dict[str, Any]:
    ways = dict.fromkeys(SHOWN, value)
    return {
        "har": {
            "classes": {
                "walking": {"windows": 3, **ways},
                "reading": {"windows": 2, **dict.fromkeys(SHOWN, 0.9)},
            },
            "groups": {"2": ways, "16": ways},
            "similarity": {"Eating": {"intra": value, "inter": value - 0.2}},
        }
    }


def test_tables_are_over_the_seeds_and_the_best_activity_comes_first(tmp_path: Path) -> None:
    text = section([run(0.8), run(0.6)], tmp_path)
    assert "| walking | 6 | 0.700 ± 0.141 |" in text
    assert text.index("| reading |") < text.index("| walking |")
    assert "| 16 | 0.700 ± 0.141 |" in text
    assert "of one scenario 0.700, of two 0.500" in text
    for name in ("classes", "groups", "similarity"):
        assert f"(figures/{name}.png)" in text
        assert (tmp_path / f"{name}.png").stat().st_size > 1_000


def test_what_was_not_measured_is_said(tmp_path: Path) -> None:
    assert section([{"har": {"accuracy": 0.8}}], tmp_path) == "Not measured."
