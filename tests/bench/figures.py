"""Figures as one run of the benchmark writes them, all numbers different."""

from __future__ import annotations

from typing import Any

from bench.parts.comparison import CONSTANT_NAME, PRODUCT_ON, QUIX_NAME, Comparison
from bench.parts.fleets import Fleets
from bench.parts.real_time import RealTime, Traffic
from bench.parts.workers import SharedCost
from bench.report.figures import details, headline
from bench.subjects.latency import Delays, Latency
from bench.subjects.running import ColdStart, Cost
from bench.subjects.services import KAFKA
from infra import topics


class Services:
    main = KAFKA
    skipped: dict[str, str] = {}  # noqa: RUF012


def cost(ms: float, wall_s: float = 1.0) -> Cost:
    return Cost(100.0, ms, {"main": ms / 2, "inference": ms / 2}, wall_s, 100.0 + ms)


def benchmark_figures() -> dict[str, Any]:
    names = (PRODUCT_ON[KAFKA], CONSTANT_NAME, QUIX_NAME)
    comparison = Comparison(
        PRODUCT_ON[KAFKA],
        {name: [cost(ms)] for name, ms in zip(names, (5.0, 2.5, 6.25), strict=True)},
        bare_ms=[4.0],
        stages_ms=[{"features": 1.5, "localization": 1.25, "scenario": 1.0}],
        cold_starts={name: ColdStart(2.0, 3.0, 250.0) for name in names},
        services_ms={KAFKA: [0.5], "store": [0.25]},
        blocked_looks=(1, 500),
        idle_ms=dict.fromkeys(names, 3.5),
    )
    fleets = Fleets(
        {1: cost(5.5), 8: cost(5.25)},
        {"aligned": cost(5.1)},
        {"16 kHz + 50 Hz": cost(5.2)},
        {"3 of 10 s": cost(9.0)},
    )
    latency = Latency(30, 10.0, 20.0, 30.0)
    delays = Delays({topics.ACTIVITY: latency}, {topics.ACTIVITY: latency}, 250.0, 258.0)
    traffic = {
        topics.AUDIO_FRAMES: Traffic(1.0, 64_000.0, 64_500.0),
        topics.IMU_FRAMES: Traffic(1.0, 1_000.0, 1_000.0),
        topics.ACTIVITY: Traffic(0.2, 200.0, 125.0),
    }
    real_time = RealTime({KAFKA: {1: delays, 8: delays}}, traffic)
    workers = {1: SharedCost(cost(5.0, 10.0), 3.0), 2: SharedCost(cost(5.1, 5.5), 2.6)}
    return {
        **headline(comparison, real_time, KAFKA),
        **details(Services(), comparison, fleets, workers, real_time, 0.25),  # type: ignore[arg-type]
        "machine": {
            "processor": "Some CPU",
            "cores": 2,
            "memory_gb": 8.0,
            "system": "Linux 6",
            "python": "3.11.7",
            "packages": {"numpy": "2.0"},
            "load_before": 0.1,
        },
        "sizes": {"rounds": 1},
        "command": "python -m bench --smallest",
    }
