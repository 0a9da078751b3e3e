"""What a device that floods a worker costs the others: `python -m bench.neighbours`.

A fleet sends in real time to one worker on Apache Kafka, again and again: every other time one more
device sends single samples of motion, 800 a second. The ratio of the neighbours' 99th percentiles,
beside it and without it, is what that device costs them; the worker's CPU time, which a busy
machine changes less, what it costs the worker. Linux only.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.command import fleet_parser, measured
from bench.faults.of_devices import NOISY_HZ, send_single_samples
from bench.latency import delays
from bench.machine import machine
from bench.messages import Fleet
from bench.plan import COARSE
from bench.recording import made
from bench.running import started
from bench.services import services
from bench.subject import PRODUCT, Subject, own_settings
from bench.work import RESULTS
from models.egolog.windows import SCENARIO_WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.latency import Delays
    from bench.running import Running

_PARTITIONS = 4
CALM, BESIDE = "calm", "beside"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure it and write what is asked for."""
    parser = fleet_parser("python -m bench.neighbours", __doc__, seconds=65, rounds=2)
    options = parser.parse_args(arguments)
    work = measure(options.wearers, options.seconds, options.rounds)
    return 1 if measured(work, options.json) is None else 0


async def measure(wearers: int, seconds: int, rounds: int) -> dict[str, Any]:
    """Return the neighbours' percentiles of each run, and what the device makes of them."""
    about, recording = machine(), made(seconds, COARSE)
    runs: dict[str, list[Delays]] = {CALM: [], BESIDE: []}
    cpu_ms: dict[str, list[float]] = {CALM: [], BESIDE: []}
    with services() as running:
        settings = own_settings(
            "neighbours",
            running.brokers[running.main].url,
            running.store.url,
            running.run_dir,
            _PARTITIONS,
        )
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


async def _beside(worker: Running, fleet: Fleet, device: str | None) -> Delays:
    """Return a fleet's delays, beside a `device` that floods its worker if one is named."""
    settings = worker.subject.settings
    if device is None:
        return await delays(worker, fleet)
    flooding = asyncio.create_task(
        send_single_samples(settings, device, fleet.recording.duration_s)
    )
    try:
        return await delays(worker, fleet)
    finally:
        flooding.cancel()
        with suppress(asyncio.CancelledError):
            await flooding


def compared(runs: dict[str, list[Delays]]) -> dict[str, Any]:
    """Return p50 and p99 of each topic's runs, and `p99_ratio`, of medians over the runs."""
    figures: dict[str, Any] = {"latency_ms": {}, "p99_ratio": {}}
    for topic in RESULTS:
        p99 = {
            name: [run.topic[topic].p99 for run in each if topic in run.topic]
            for name, each in runs.items()
        }
        if not all(p99.values()):
            continue
        figures["latency_ms"][topic] = {
            name: {
                "p50": median(run.topic[topic].p50 for run in each if topic in run.topic),
                "p99": median(p99[name]),
            }
            for name, each in runs.items()
        }
        figures["p99_ratio"][topic] = round(median(p99[BESIDE]) / median(p99[CALM]), 3)
    return figures


if __name__ == "__main__":
    sys.exit(main())
