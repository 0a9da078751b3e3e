from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bench.command import run_measurement
from bench.soak import Look, faults, over_time, section

if TYPE_CHECKING:
    from pathlib import Path

SOAK = {
    "minutes": 10.0,
    "wearers": 4,
    "speed": 1.0,
    "records": 2_500,
    "rss_mb_first": 400.0,
    "rss_mb_last": 404.0,
    "rss_slope_percent_an_hour": 2.5,
    "files_first": 40,
    "files_last": 40,
    "loop_blocked": 0,
    "loop_looks": 30_000,
    "lag_last": 0,
    "date": "2026-03-02",
    "command": "python -m bench.soak --minutes 10",
}


def looks(slope_mb_an_hour: float, files: int = 40) -> list[Look]:
    """An hour of a worker that warms up and then grows."""
    warming = [Look(float(at), 100.0 + at, 10) for at in range(0, 720, 36)]
    return warming + [
        Look(float(at), 400.0 + slope_mb_an_hour * at / 3_600, files)
        for at in range(720, 3_600, 36)
    ]


def test_the_slope_is_that_after_the_warm_up() -> None:
    figures = over_time(looks(slope_mb_an_hour=8.0))
    assert figures["rss_slope_percent_an_hour"] == pytest.approx(100 * 8.0 / 404.8, abs=0.05)
    assert figures["files_first"] == figures["files_last"] == 40
    assert over_time(looks(0.0))["rss_slope_percent_an_hour"] == 0.0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"minutes": 120.0}, "memory grows by 2.5 % an hour; at most 1 % may"),
        ({"files_last": 44}, "open files grow: 40 to 44"),
        ({"loop_blocked": 3}, "the event loop computed 3 times for over 0.2 s"),
        ({"lag_last": 5}, "5 messages were not read in the end"),
    ],
)
def test_what_leaks_is_named(changed: dict[str, Any], message: str) -> None:
    assert faults(SOAK | changed) == [message]


def test_a_short_run_is_not_judged_by_its_slope() -> None:
    assert faults(SOAK | {"files_last": 43}) == []


def test_the_page_says_when_a_run_was_too_short_for_its_slope() -> None:
    text = section(SOAK)
    assert text.startswith("## Over time\n")
    assert "| slope of memory, % an hour | 2.5 |" in text
    assert "in which caches still fill" in text
    assert "in which caches still fill" not in section(SOAK | {"minutes": 120.0})


def test_a_measurement_is_kept_as_figures_and_on_the_page(tmp_path: Path) -> None:
    async def measure() -> dict[str, Any]:
        return SOAK

    figures, page = tmp_path / "soak.json", tmp_path / "page.md"
    assert run_measurement(measure(), figures, page, section) == SOAK
    assert json.loads(figures.read_text()) == SOAK
    assert section(SOAK) in page.read_text()
