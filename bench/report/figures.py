"""The results of all parts as one JSON document, from which pages are written."""

from __future__ import annotations

from dataclasses import asdict
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.parts.comparison import BARE, CONSTANT_NAME, QUIX_NAME
from bench.subjects.services import KAFKA
from infra import topics
from infra.settings import Settings

if TYPE_CHECKING:
    from bench.parts.comparison import Comparison
    from bench.parts.fleets import Fleets
    from bench.parts.real_time import RealTime
    from bench.parts.workers import SharedCost
    from bench.subjects.running import Cost
    from bench.subjects.services import Services

# A wearer's day in EgoLog.
DAY_S = 16 * 3_600
Figures = dict[str, Any]


def headline(comparison: Comparison, real_time: RealTime, broker: str) -> Figures:
    """Return the figures to compare between releases."""
    product = comparison.ms(comparison.main)
    features = comparison.stage_ms("features")
    # With constant networks only the stream and the features remain.
    stream = comparison.ms(CONSTANT_NAME) - features
    stages = {name: round(comparison.stage_ms(name), 3) for name in comparison.stages_ms[0]}
    count, one = min(real_time.delays[broker].items())
    resident = comparison.cold_starts[comparison.main].resident_mb
    return {
        "wearers_per_core": round(1e3 / product, 1),
        "ms_per_wearer_second": {**stages, "stream": round(stream, 3), "total": round(product, 3)},
        "stream_ms": round(stream, 3),
        "bare_ratio": round(comparison.ratio(BARE, comparison.main), 3),
        "quixstreams_ratio": (
            round(comparison.ratio(comparison.main, QUIX_NAME), 3)
            if QUIX_NAME in comparison.costs
            else None
        ),
        "latency_wearers": count,
        "latency_ms": {
            **{name: _percentiles(latency) for name, latency in one.topic.items()},
            **{f"{name} in the log": _percentiles(latency) for name, latency in one.log.items()},
        },
        "rss_mb": round(resident, 1),
        "rss_mb_per_wearer": round(real_time.resident_mb_per_wearer(broker), 3),
        "cold_start_cpu_s": round(comparison.cold_starts[comparison.main].cpu_s, 2),
    }


def details(
    services: Services,
    comparison: Comparison,
    fleets: Fleets,
    workers: dict[int, SharedCost],
    real_time: RealTime,
    producer_ms: float,
) -> Figures:
    """Return all other figures."""
    one = workers[min(workers)].cost
    over, looks = comparison.blocked_looks
    return {
        "broker": services.main,
        "subjects": {
            BARE: {"ms": _round(comparison.ms(BARE)), "rounds": _each(comparison.bare_ms)},
            **{name: _subject(comparison, name) for name in comparison.costs},
        },
        "services_ms": {
            name: _round(median(each)) for name, each in comparison.services_ms.items()
        },
        "constant_networks_ms": _round(comparison.constant_ms),
        "loop_blocked": {"over_50_ms": over, "looks": looks},
        "wearers": {str(count): _cost(cost) for count, cost in fleets.by_count.items()},
        "clocks": {name: _cost(cost) for name, cost in fleets.by_clocks.items()},
        "rates": {name: _cost(cost) for name, cost in fleets.by_rates.items()},
        "sessions": {name: _cost(cost) for name, cost in fleets.by_sessions.items()},
        "producer_ms": _round(producer_ms),
        "workers": {
            str(count): {
                **_cost(each.cost),
                "beside_ms": _round(each.beside_ms),
                "cores": _round(each.cores),
                "speed": round(one.wall_s / each.cost.wall_s, 3),
                "speed_by_cpu": round(count * one.ms / each.cost.ms, 3),
            }
            for count, each in workers.items()
        },
        "latency": {
            broker: {str(count): asdict(delays) for count, delays in by_count.items()}
            for broker, by_count in real_time.delays.items()
        },
        "traffic": {name: asdict(traffic) for name, traffic in real_time.traffic.items()},
        "disk_mb_per_wearer_day": (
            _without_sound_mb(real_time) if services.main == KAFKA else None
        ),
        "skipped": services.skipped,
    }


def _without_sound_mb(real_time: RealTime) -> float:
    """Return the MB of 16 h: results in full, raw motion for its default retention of an hour."""
    kept_s = Settings.model_fields["raw_retention_h"].default * 3_600
    octets = sum(
        traffic.disk_octets * (kept_s if name == topics.IMU_FRAMES else DAY_S)
        for name, traffic in real_time.traffic.items()
        if name != topics.AUDIO_FRAMES
    )
    return round(octets / 1e6, 1)


def _subject(comparison: Comparison, name: str) -> Figures:
    costs = comparison.costs[name]
    threads = sorted({thread for cost in costs for thread in cost.threads_ms})
    return {
        "ms": _round(comparison.ms(name)),
        "rounds": _each(comparison.each_ms(name)),
        "bare_ratio": _round(comparison.ratio(BARE, name)),
        "idle_ms_a_second": _round(comparison.idle_ms[name]),
        "threads_ms": {
            thread: _round(median(cost.threads_ms.get(thread, 0.0) for cost in costs))
            for thread in threads
        },
        "cold_start": {
            key: round(value, 2) for key, value in asdict(comparison.cold_starts[name]).items()
        },
    }


def _cost(cost: Cost) -> Figures:
    return {
        "ms": _round(cost.ms),
        "wearer_seconds": cost.wearer_seconds,
        "resident_mb": round(cost.resident_mb, 1),
    }


def _percentiles(latency: Any) -> Figures:
    return {"p50": latency.p50, "p95": latency.p95, "p99": latency.p99, "count": latency.count}


def _each(values: list[float]) -> list[float]:
    return [_round(value) for value in values]


def _round(value: float) -> float:
    return round(value, 3)
