"""The size of the benchmark: quick, whole, or smallest for tests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Sizes of the parts; `seconds` is event time per wearer, in whole scenario windows.

    The comparison runs `wearers` through each subject once per round, in rotating order.
    """

    rounds: int
    wearers: int
    seconds: int
    fleets: tuple[int, ...]
    fleet_seconds: int
    short_sessions: int
    workers: tuple[int, ...]
    worker_fleet: int
    latency_fleets: tuple[int, ...]
    latency_seconds: int
    partitions: int = 12


# Ten minutes on two idle cores at 7 CPU ms per wearer-second. With fewer wearers each would bear a
# larger share of the worker's idle cost.
QUICK = Plan(
    rounds=2,
    wearers=8,
    seconds=60,
    fleets=(1, 8, 32),
    fleet_seconds=30,
    short_sessions=24,
    workers=(1, 2),
    worker_fleet=24,
    latency_fleets=(1, 8),
    latency_seconds=65,
)
WHOLE = Plan(
    rounds=4,
    wearers=8,
    seconds=240,
    fleets=(1, 8, 32, 128, 500, 1_000),
    fleet_seconds=30,
    short_sessions=500,
    workers=(1, 2, 4),
    worker_fleet=96,
    latency_fleets=(1, 8, 32),
    latency_seconds=125,
)
# Exercises every part without meaningful figures, for tests.
SMALLEST = Plan(
    rounds=1,
    wearers=1,
    seconds=30,
    fleets=(1, 2),
    fleet_seconds=30,
    short_sessions=3,
    workers=(1, 2),
    worker_fleet=2,
    latency_fleets=(1,),
    latency_seconds=33,
)
