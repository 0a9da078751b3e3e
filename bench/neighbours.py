"""Measure what a flooding device costs its neighbours: `python -m bench.neighbours`.

A fleet sends in real time to one worker on Apache Kafka, in repeated runs of three kinds: alone;
while one more device sends single samples of motion, 800 a second, to topics that no worker reads;
and while that device sends to the worker. Sender and broker share the worker's cores, so the second
kind tells what the device costs them. The figures are the ratios of the fleet's 99th percentiles of
latency, with their 95 % intervals, and the worker's CPU time, which other load on the machine
affects less. Linux only.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.command import fleet_options, fleet_parser, run_measurement
from bench.faults.of_devices import NOISY_HZ, send_single_samples, single_samples
from bench.load.closing import closing_frames
from bench.load.messages import Fleet
from bench.load.recording import COARSE, simulate_recording
from bench.measuring.machine import machine
from bench.measuring.tail import tail_ratio
from bench.subjects.latency import Latency, delays_s, send_and_watch
from bench.subjects.running import start_subject
from bench.subjects.services import services
from bench.subjects.subject import PRODUCT, Subject
from bench.without_stream.work import RESULTS
from infra.broker import topic_creation
from models.network.windows import SCENARIO_WINDOW_S
from models.research.lib.tables import table
from schemas.interruption import one_line_interruptions
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.measuring.tail import Groups
    from bench.report.figures import Figures
    from bench.subjects.running import Running
    from infra.settings import Settings

_PARTITIONS = 4
CALM, ELSEWHERE, BESIDE = "calm", "elsewhere", "beside"

# Latencies of a fleet's records by topic and window id, s.
Run = dict[str, dict[str, float]]


@one_line_interruptions
def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print or write the figures."""
    parser = fleet_parser("python -m bench.neighbours", __doc__, seconds=125, rounds=4, wearers=24)
    parser.add_argument("--page", type=output_file, help="put the figures into this Markdown file")
    options = fleet_options(parser, arguments)
    work = measure(options.wearers, options.seconds, options.rounds)
    figures = run_measurement(work, options.json, options.page, section)
    return 1 if figures is None else 0


async def measure(wearers: int, seconds: int, rounds: int) -> dict[str, Any]:
    """Return the fleet's latency percentiles with and without the device, and the CPU times."""
    about, recording = machine(), simulate_recording(seconds, COARSE)
    runs: dict[str, list[Run]] = {CALM: [], ELSEWHERE: [], BESIDE: []}
    cpu_ms: dict[str, list[float]] = {name: [] for name in runs}
    with services() as running:
        settings = running.settings("neighbours", _PARTITIONS)
        elsewhere = running.settings("elsewhere", _PARTITIONS)
        await topic_creation.create(elsewhere)
        flooded = {CALM: None, ELSEWHERE: elsewhere, BESIDE: settings}
        subject = Subject("neighbours", PRODUCT, settings)
        warm_up = simulate_recording(SCENARIO_WINDOW_S, COARSE)
        async with start_subject(subject, warm_up) as worker:
            # The first windows of a whole fleet cost a fresh worker more than later ones.
            await _delays_s(worker, Fleet("first", wearers, warm_up, unaligned=True))
            for number in range(rounds):
                for name, each in runs.items():
                    fleet = Fleet(f"{name}{number}", wearers, recording, unaligned=True)
                    print(f"{name}, round {number + 1}", file=sys.stderr, flush=True)
                    before = subject.cpu()
                    each.append(
                        await _delays_beside_a_flood(
                            worker, fleet, flooded[name], f"noisy{number}-0"
                        )
                    )
                    spent = subject.cpu().since(before)
                    cpu_ms[name].append(1e3 * spent.total_s / recording.duration_s)
    return {
        **summarise(runs),
        "cpu_ms_a_second": {name: round(median(each), 1) for name, each in cpu_ms.items()},
        "wearers": wearers,
        "seconds": seconds,
        "noisy_hz": NOISY_HZ,
        "machine": about,
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"python -m bench.neighbours --wearers {wearers} --seconds {seconds} "
        f"--rounds {rounds}",
    }


async def _delays_beside_a_flood(
    worker: Running, fleet: Fleet, flooded: Settings | None, device: str
) -> Run:
    """Return a fleet's latencies, while `device` floods the topics of `flooded`, if any."""
    if flooded is None:
        return await _delays_s(worker, fleet)
    frames = single_samples(device, fleet.recording.duration_s)
    flooding = asyncio.create_task(send_single_samples(flooded, device, frames))
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


def summarise(runs: dict[str, list[Run]]) -> dict[str, Any]:
    """Return each topic's count, p50 and p99 over all runs of a kind, and ratios of p99s.

    `p99_ratio` is that of `BESIDE` to `CALM`, `p99_ratio_elsewhere` that of `ELSEWHERE` to `CALM`,
    each with its 95 % interval under `…_interval`.
    """
    ratios = {"p99_ratio": BESIDE, "p99_ratio_elsewhere": ELSEWHERE}
    figures: dict[str, Any] = {"latency_ms": {}}
    for key in ratios:
        figures |= {key: {}, f"{key}_interval": {}}
    for topic in RESULTS:
        groups = {name: _by_wearer(each, topic) for name, each in runs.items()}
        if not all(groups.values()):
            continue
        figures["latency_ms"][topic] = {
            name: _percentiles([delay for group in each for delay in group])
            for name, each in groups.items()
        }
        for key, name in ratios.items():
            ratio = tail_ratio(groups[CALM], groups[name])
            figures[key][topic] = round(ratio.ratio, 3)
            figures[f"{key}_interval"][topic] = [round(ratio.low, 3), round(ratio.high, 3)]
    return figures


def _by_wearer(runs: list[Run], topic: str) -> Groups:
    groups: defaultdict[tuple[int, str], list[float]] = defaultdict(list)
    for number, run in enumerate(runs):
        for window, delay in run.get(topic, {}).items():
            groups[number, window.partition("/")[0]].append(delay)
    return list(groups.values())


def _percentiles(delays: list[float]) -> dict[str, float]:
    latency = Latency.of(delays)
    return {"count": latency.count, "p50": latency.p50, "p99": latency.p99}


def section(neighbours: Figures) -> str:
    """Return the section of docs/RELIABILITY.md on these figures."""
    rows = [
        [
            topic,
            f"{each[CALM]['count']:,}",
            *(f"{each[name][p]:.0f}" for name in (CALM, ELSEWHERE, BESIDE) for p in ("p50", "p99")),
            *(_ratio(neighbours, key, topic) for key in ("p99_ratio_elsewhere", "p99_ratio")),
        ]
        for topic, each in neighbours["latency_ms"].items()
    ]
    cpu_ms = neighbours["cpu_ms_a_second"]
    head = [
        "record",
        "records",
        "calm, p50",
        "p99",
        "elsewhere, p50",
        "p99",
        "beside it, p50",
        "p99",
    ]
    parts = [
        "## Neighbours of a device that floods",
        f"Written by `{neighbours['command']}` on {neighbours['date']} (load before: "
        f"{neighbours['machine']['load_before']:g}): {neighbours['wearers']} simulated wearers "
        f"send {neighbours['seconds']} s in real time to one worker, without and beside a device "
        f"that sends {neighbours['noisy_hz']} frames of one sample a second. From the frame that "
        "closes a window to its record in its topic, ms; the neighbours' alone. Sender and broker "
        "share the worker's cores: `elsewhere` the device sends to topics that no worker reads. "
        "The interval holds the ratio to the calm p99 in 95 % of draws of as many wearers from "
        "those that were measured.",
        table([*head, "p99, elsewhere / calm", "p99, beside / calm"], rows),
        f"The worker computes for {cpu_ms[CALM]:.0f} ms a second, and for "
        f"{cpu_ms[BESIDE]:.0f} beside the device.",
    ]
    return "\n\n".join(parts)


def _ratio(neighbours: Figures, key: str, topic: str) -> str:
    low, high = neighbours[f"{key}_interval"][topic]
    return f"{neighbours[key][topic]:.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    sys.exit(main())
