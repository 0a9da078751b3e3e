"""The cost of `replay --speed max`: the product's producer, without consumers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bench.load.recording import COARSE, simulate_recording
from infra.broker import topic_creation
from streams.producers.replay import Replay, ReplayOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.parts.plan import Plan
    from bench.subjects.services import Services


async def measure_producer(services: Services, plan: Plan, report: Callable[[str], None]) -> float:
    """Return the CPU ms per wearer-second of a replay at full speed, in this process."""
    report("the producer alone")
    settings = services.settings("producer", plan.partitions)
    await topic_creation.create(settings)
    recording = simulate_recording(plan.seconds, COARSE)
    replay = Replay(settings, ReplayOptions(speed=None, devices=plan.wearers))
    began = time.process_time()
    await replay.run([recording])
    return 1e3 * (time.process_time() - began) / (plan.wearers * recording.duration_s)
