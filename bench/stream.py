"""Measure the cost of the stream itself: `python -m bench.stream`.

A worker whose networks return constants reads a fleet's frames at full speed, in repeated rounds,
on Apache Kafka if available. From its CPU time that of the features is subtracted, as measured on
arrays in memory without any stream. Linux only.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.command import fleet_options, fleet_parser, run_measurement
from bench.load.messages import Fleet, first_sample
from bench.load.recording import COARSE, simulate_recording
from bench.measuring.machine import machine
from bench.parts.comparison import TIMEOUT_S
from bench.subjects.idle import idle_ms
from bench.subjects.running import start_subject
from bench.subjects.services import services
from bench.subjects.subject import CONSTANT, Subject
from bench.without_stream.bare import BareLoop
from models.network.windows import SCENARIO_WINDOW_S
from schemas.interruption import one_line_interruptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.subjects.running import Cost

_PARTITIONS = 12
_NAME = "stream"


@one_line_interruptions
def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print or write the figures."""
    parser = fleet_parser("python -m bench.stream", __doc__, seconds=120, rounds=3)
    options = fleet_options(parser, arguments)
    work = measure(options.wearers, options.seconds, options.rounds)
    return 1 if run_measurement(work, options.json) is None else 0


async def measure(wearers: int, seconds: int, rounds: int) -> dict[str, Any]:
    """Return medians over the rounds, CPU ms per wearer-second, and the idle ms per second."""
    about, recording = machine(), simulate_recording(seconds, COARSE)
    costs: list[Cost] = []
    features_ms: list[float] = []
    with services() as running:
        settings = running.settings(_NAME, _PARTITIONS)
        bare = BareLoop(settings, recording)
        subject = Subject(_NAME, CONSTANT, settings)
        async with start_subject(subject, simulate_recording(SCENARIO_WINDOW_S, COARSE)) as worker:
            at_rest = await idle_ms({_NAME: worker})
            for number in range(rounds):
                print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
                fleet = Fleet(f"round{number}", wearers, recording, unaligned=True)
                costs.append(await worker.cost(fleet, TIMEOUT_S))
                run = bare.run(first_sample(f"bare {number}", len(recording.samples)))
                features_ms.append(run.stages_ms["features"])
        broker, cold_start_s = running.main, worker.cold_start.cpu_s
    return {
        **stream_figures(costs, features_ms),
        "at_rest_ms": round(at_rest[_NAME], 1),
        "cold_start_cpu_s": round(cold_start_s, 2),
        "broker": broker,
        "wearers": wearers,
        "seconds": seconds,
        "machine": about,
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"python -m bench.stream --wearers {wearers} --seconds {seconds} "
        f"--rounds {rounds}",
    }


def stream_figures(costs: Sequence[Cost], features_ms: Sequence[float]) -> dict[str, Any]:
    """Return `stream_ms` with its two terms, the value of each round, and medians by thread."""
    whole, features = median(cost.ms for cost in costs), median(features_ms)
    names = sorted({name for cost in costs for name in cost.threads_ms})
    threads = {n: median(cost.threads_ms.get(n, 0.0) for cost in costs) for n in names}
    return {
        "stream_ms": round(whole - features, 3),
        "constant_networks_ms": round(whole, 3),
        "features_ms": round(features, 3),
        "rounds_ms": [round(cost.ms, 3) for cost in costs],
        "threads_ms": {name: round(ms, 3) for name, ms in threads.items()},
    }


if __name__ == "__main__":
    sys.exit(main())
