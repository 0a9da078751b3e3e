from __future__ import annotations

from tests.bench.figures import benchmark_figures


def test_the_headline_is_computed_from_the_parts() -> None:
    figures = benchmark_figures()
    assert figures["wearers_per_core"] == 200.0
    assert figures["ms_per_wearer_second"] == {
        "features": 1.5,
        "localization": 1.25,
        "scenario": 1.0,
        "stream": 1.0,
        "total": 5.0,
    }
    assert figures["stream_ms"] == 1.0
    assert figures["bare_ratio"] == 0.8
    assert figures["quixstreams_ratio"] == 0.8
    assert figures["latency_ms"]["activity"] == {"p50": 10.0, "p95": 20.0, "p99": 30.0, "count": 30}
    assert figures["rss_mb"] == 250.0
    assert figures["rss_mb_per_wearer"] == 1.0
    assert figures["cold_start_cpu_s"] == 2.0


def test_disk_leaves_out_the_raw_sound_and_has_motion_for_its_hour() -> None:
    # 125 bytes a second for sixteen hours, and 1,000 for one.
    assert benchmark_figures()["disk_mb_per_wearer_day"] == 10.8


def test_speed_is_against_one_worker() -> None:
    workers = benchmark_figures()["workers"]
    assert (workers["1"]["speed"], workers["2"]["speed"]) == (1.0, 1.818)
    assert (workers["1"]["cores"], workers["2"]["cores"]) == (0.08, 0.14)
    assert (workers["1"]["speed_by_cpu"], workers["2"]["speed_by_cpu"]) == (1.0, 1.961)
