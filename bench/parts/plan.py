"""How much is measured: a few minutes' worth, or all of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Sizes of the parts; `seconds` are event time of each wearer, whole scenario windows.

    The comparison runs `wearers` through each subject once a round, in an order that turns.
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


# Sized by the worker of 7 CPU ms a wearer-second: ten minutes on two idle cores. Fewer wearers
# would each bear more of what a worker computes at rest.
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
    rounds=5,
    wearers=8,
    seconds=240,
    fleets=(1, 8, 32, 128, 500, 1_000),
    fleet_seconds=60,
    short_sessions=500,
    workers=(1, 2, 4),
    worker_fleet=96,
    latency_fleets=(1, 32),
    latency_seconds=600,
)
# Says nothing, but goes through every part: for tests.
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
