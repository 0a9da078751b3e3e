"""Measure what a flooding device costs its neighbours: `python -m bench.neighbours`.

A fleet sends in real time to one worker on Apache Kafka, in repeated runs. In every other run one
more device sends single samples of motion, 800 a second. The figures are the ratio of the fleet's
99th percentiles of latency with and without that device, with its 95 % interval, and the worker's
CPU time, which other load on the machine affects less. Linux only.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.command import fleet_parser, measured
from bench.faults.of_devices import NOISY_HZ, send_single_samples, single_samples
from bench.load.closing import closing_frames
from bench.load.messages import Fleet
from bench.load.recording import COARSE, made
from bench.measuring.machine import machine
from bench.measuring.tail import tail_ratio
from bench.subjects.latency import Latency, delays_s, send_and_watch
from bench.subjects.running import started
from bench.subjects.services import services
from bench.subjects.subject import PRODUCT, Subject
from bench.without_stream.work import RESULTS
from models.network.windows import SCENARIO_WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.measuring.tail import Groups
    from bench.subjects.running import Running

_PARTITIONS = 4
CALM, BESIDE = "calm", "beside"

# Latencies of a fleet's records by topic and window id, s.
Run = dict[str, dict[str, float]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print or write the figures."""
    parser = fleet_parser("python -m bench.neighbours", __doc__, seconds=125, rounds=4, wearers=24)
    options = parser.parse_args(arguments)
    work = measure(options.wearers, options.seconds, options.rounds)
    return 1 if measured(work, options.json) is None else 0


async def measure(wearers: int, seconds: int, rounds: int) -> dict[str, Any]:
    """Return the fleet's latency percentiles with and without the device, and the CPU times."""
    about, recording = machine(), made(seconds, COARSE)
    runs: dict[str, list[Run]] = {CALM: [], BESIDE: []}
    cpu_ms: dict[str, list[float]] = {CALM: [], BESIDE: []}
    with services() as running:
        settings = running.settings("neighbours", _PARTITIONS)
        subject = Subject("neighbours", PRODUCT, settings)
        async with started(subject, made(SCENARIO_WINDOW_S, COARSE)) as worker:
            for number in range(rounds):
                for name, each in runs.items():
                    fleet = Fleet(f"{name}{number}", wearers, recording, unaligned=True)
                    print(f"{name}, round {number + 1}", file=sys.stderr, flush=True)
                    device = f"noisy{number}-0" if name == BESIDE else None
                    before = subject.cpu()
                    each.append(await _beside(worker, fleet, device))
                    spent = subject.cpu().since(before)
                    cpu_ms[name].append(1e3 * spent.total_s / recording.duration_s)
    return {
        **compared(runs),
        "cpu_ms_a_second": {name: round(median(each), 1) for name, each in cpu_ms.items()},
        "wearers": wearers,
        "seconds": seconds,
        "noisy_hz": NOISY_HZ,
        "machine": about,
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"python -m bench.neighbours --wearers {wearers} --seconds {seconds} "
        f"--rounds {rounds}",
    }


async def _beside(worker: Running, fleet: Fleet, device: str | None) -> Run:
    """Return a fleet's latencies, beside a flooding `device` if one is named."""
    settings = worker.subject.settings
    if device is None:
        return await _delays_s(worker, fleet)
    frames = single_samples(device, fleet.recording.duration_s)
    flooding = asyncio.create_task(send_single_samples(settings, device, frames))
    try:
        return await _delays_s(worker, fleet)
    finally:
        flooding.cancel()
        with suppress(asyncio.CancelledError):
            await flooding


async def _delays_s(worker: Running, fleet: Fleet) -> Run:
    sent = await send_and_watch(worker, fleet)
    closed = closing_frames(worker.subject.settings, fleet.recording)
    return {name: delays_s(name, sent.seen[name], closed, sent.arrived) for name in RESULTS}


def compared(runs: dict[str, list[Run]]) -> dict[str, Any]:
    """Return each topic's count, p50 and p99 over all runs, and the ratio of p99s.

    `p99_ratio_interval` is that ratio's 95 % interval.
    """
    figures: dict[str, Any] = {"latency_ms": {}, "p99_ratio": {}, "p99_ratio_interval": {}}
    for topic in RESULTS:
        groups = {name: _by_wearer(each, topic) for name, each in runs.items()}
        if not all(groups.values()):
            continue
        figures["latency_ms"][topic] = {
            name: _percentiles([delay for group in each for delay in group])
            for name, each in groups.items()
        }
        ratio = tail_ratio(groups[CALM], groups[BESIDE])
        figures["p99_ratio"][topic] = round(ratio.ratio, 3)
        figures["p99_ratio_interval"][topic] = [round(ratio.low, 3), round(ratio.high, 3)]
    return figures


def _by_wearer(runs: list[Run], topic: str) -> Groups:
    groups: defaultdict[tuple[int, str], list[float]] = defaultdict(list)
    for number, run in enumerate(runs):
        for window, delay in run.get(topic, {}).items():
            groups[number, window.partition("/")[0]].append(delay)
    return list(groups.values())


def _percentiles(delays: list[float]) -> dict[str, float]:
    found = Latency.of(delays)
    return {"count": found.count, "p50": found.p50, "p99": found.p99}


if __name__ == "__main__":
    sys.exit(main())
