from __future__ import annotations

from typing import Any

from bench.neighbours import BESIDE, CALM, ELSEWHERE, Run, section, summarise
from infra import topics


def run(*delays_s: float, topic: str = topics.ACTIVITY) -> Run:
    """Delays of two wearers, as many of each."""
    windows = {
        f"fleet-{wearer}/session/har/{number}": delay
        for number, delay in enumerate(delays_s)
        for wearer in range(2)
    }
    return {topic: windows}


def test_neighbours_are_compared_by_all_records_of_all_runs() -> None:
    runs = {
        CALM: [run(0.1, 0.2), run(0.3)],
        ELSEWHERE: [run(0.1, 0.2), run(0.45)],
        BESIDE: [run(0.1, 0.2), run(0.6)],
    }
    figures = summarise(runs)
    activity = figures["latency_ms"][topics.ACTIVITY]
    assert activity[CALM] == {"count": 6, "p50": 200.0, "p99": 300.0}
    assert activity[BESIDE] == {"count": 6, "p50": 200.0, "p99": 600.0}
    assert figures["p99_ratio"] == {topics.ACTIVITY: 2.0}
    assert figures["p99_ratio_elsewhere"] == {topics.ACTIVITY: 1.5}
    low, high = figures["p99_ratio_interval"][topics.ACTIVITY]
    # One half of the runs has no delay above 0.2 s, so both kinds may be drawn without theirs.
    assert low < 1.0 < high <= 3.0


def test_kinds_that_do_not_differ_have_a_ratio_of_one() -> None:
    figures = summarise({name: [run(0.5, 0.5)] for name in (CALM, ELSEWHERE, BESIDE)})
    assert figures["p99_ratio_interval"] == {topics.ACTIVITY: [1.0, 1.0]}
    assert figures["p99_ratio_elsewhere_interval"] == {topics.ACTIVITY: [1.0, 1.0]}


def test_a_topic_without_records_is_left_out() -> None:
    spatial = run(1.0, topic=topics.SPATIAL)
    figures = summarise({CALM: [run(1.0)], ELSEWHERE: [run(1.0)], BESIDE: [spatial]})
    assert not any(figures.values())
    assert "p99_ratio" in figures


def test_the_page_says_what_a_device_costs_others() -> None:
    neighbours: dict[str, Any] = {
        **summarise({CALM: [run(0.1)], ELSEWHERE: [run(0.12)], BESIDE: [run(0.15)]}),
        "command": "python -m bench.neighbours",
        "date": "2026-01-01",
        "machine": {"load_before": 0.5},
        "wearers": 8,
        "seconds": 65,
        "noisy_hz": 800,
        "cpu_ms_a_second": {"calm": 232.4, "beside": 300.0},
    }
    text = section(neighbours)
    latencies = "| activity | 2 | 100 | 100 | 120 | 120 | 150 | 150 |"
    assert f"{latencies} 1.20 (1.20 to 1.20) | 1.50 (1.50 to 1.50) |" in text
    assert "computes for 232 ms a second, and for 300 beside the device" in text
