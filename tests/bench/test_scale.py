from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from bench.scale import ASSUMED_IN_WORDS, SIZES, main
from bench.scaling import Assumptions, monthly_cost, needs_of
from tests.bench.figures import benchmark_figures

if TYPE_CHECKING:
    from pathlib import Path

ASSUMED = Assumptions(core_share=0.5, replicas=2, awake_share=0.5, log_days=10)


def test_workers_are_as_many_as_the_wearers_fill_cores() -> None:
    needs = needs_of(benchmark_figures() | {"traffic": traffic(imu=0.0)}, 1_000, ASSUMED)
    # 5 ms a wearer-second are five cores, half used.
    assert (needs.worker_cores, needs.workers) == (10, 10)
    assert needs.partitions == 24
    # 250 MB a worker and 1 MB a wearer.
    assert needs.worker_memory_gb == pytest.approx(3.5)
    # 0.5 ms on each of two replicas.
    assert needs.broker_cores == 2
    assert needs.store_cores == 1


def traffic(imu: float) -> dict[str, dict[str, float]]:
    octets = {"audio.frames": 64_000.0, "imu.frames": imu, "activity": 200.0}
    return {
        name: {"messages": 1.0, "octets": each, "disk_octets": each}
        for name, each in octets.items()
    }


def test_bytes_decide_brokers_and_disk() -> None:
    assumed = Assumptions(
        replicas=2, awake_share=0.5, broker_bytes_s=1e6, broker_disk_bytes=1e9, log_days=10
    )
    needs = needs_of(benchmark_figures() | {"traffic": traffic(imu=1_000.0)}, 100, assumed)
    assert needs.frames_gbyte_s == pytest.approx(0.0065)
    assert needs.brokers_by_network == 13
    # Half of the wearers for two hours, twice.
    assert needs.sound_tb == pytest.approx(64_000 * 100 * 0.5 * 7_200 * 2 / 1e12)
    activity = 200 * 100 * 0.5 * 7 * 86_400 * 2
    motion = 1_000 * 100 * 0.5 * 7_200 * 2
    assert needs.rest_tb == pytest.approx((activity + motion) / 1e12)
    assert needs.brokers_by_disk == 59
    assert needs.brokers == 59
    # Sixteen hours a day, ten days.
    assert needs.log_tb == pytest.approx(200 * 57_600 * 10 * 100 / 1e12)


def test_a_hundred_times_the_wearers_cost_a_hundred_times_as_much() -> None:
    small, large = (
        monthly_cost(
            needs_of(benchmark_figures() | {"traffic": traffic(1_000.0)}, n, ASSUMED), ASSUMED
        )
        for n in (100_000, 10_000_000)
    )
    for name, dollars in small.items():
        assert large[name] == pytest.approx(100 * dollars, rel=0.01), name


def test_memory_that_did_not_grow_counts_as_none() -> None:
    figures = benchmark_figures() | {"traffic": traffic(0.0), "rss_mb_per_wearer": -0.5}
    assert needs_of(figures, 1_000, ASSUMED).worker_memory_gb == pytest.approx(2.5)


def test_the_page_has_every_size_and_says_what_was_measured_and_assumed(tmp_path: Path) -> None:
    source, page = tmp_path / "figures.json", tmp_path / "SCALE.md"
    source.write_text(json.dumps(benchmark_figures() | {"traffic": traffic(1_000.0)}))
    assert main([str(source), "--page", str(page)]) == 0
    text = page.read_text()
    for wearers in SIZES:
        assert f"{wearers:,} wearers" in text
    assert "| CPU of a worker, ms a wearer-second | 5 |" in text
    assert "| share of a core that is used at the peak | 0.6 |" in text
    # 5 ms of 100,000 wearers at 60 % of a core.
    assert "| 834 |" in text


def test_every_assumption_is_said_in_words() -> None:
    assert [each.name for each in fields(Assumptions)] == list(ASSUMED_IN_WORDS)
