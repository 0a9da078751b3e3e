from __future__ import annotations

from typing import Any

from bench.faults.page import page
from bench.latency import Delays, Latency
from bench.neighbours import BESIDE, CALM, compared
from infra import topics
from tests.bench import test_faults


def run(**p99: float) -> Delays:
    latencies = {name: Latency(10, each / 2, each, each) for name, each in p99.items()}
    return Delays(latencies, {}, 0.0, 0.0)


def test_neighbours_are_compared_by_the_medians_of_their_runs() -> None:
    runs = {
        CALM: [run(activity=100.0), run(activity=140.0), run(activity=80.0)],
        BESIDE: [run(activity=150.0), run(activity=120.0), run(activity=300.0)],
    }
    figures = compared(runs)
    assert figures["p99_ratio"] == {topics.ACTIVITY: 1.5}
    assert figures["latency_ms"][topics.ACTIVITY] == {
        CALM: {"p50": 50.0, "p99": 100.0},
        BESIDE: {"p50": 75.0, "p99": 150.0},
    }


def test_a_topic_without_records_is_left_out() -> None:
    figures = compared({CALM: [run(activity=1.0)], BESIDE: [run(spatial=1.0)]})
    assert figures == {"latency_ms": {}, "p99_ratio": {}}


def test_the_page_says_what_a_device_costs_others() -> None:
    neighbours: dict[str, Any] = {
        **compared({CALM: [run(activity=100.0)], BESIDE: [run(activity=150.0)]}),
        "command": "python -m bench.neighbours",
        "date": "2026-01-01",
        "machine": {"load_before": 0.5},
        "wearers": 8,
        "seconds": 65,
        "noisy_hz": 800,
    }
    figures = test_faults.figures(test_faults.outcome())
    text = page(figures, None, neighbours)
    assert "| activity | 50 | 100 | 75 | 150 | 1.50 |" in text
    assert "Neighbours" not in page(figures, None)
