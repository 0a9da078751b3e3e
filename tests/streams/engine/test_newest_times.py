from __future__ import annotations

import math

from infra import metrics
from streams.engine.newest_times import NewestTimes

NS = 1_000_000_000


def exported(topic: str) -> float | None:
    return metrics.REGISTRY.get_sample_value("egolog_newest_time_seconds", {"topic": topic})


def test_a_topic_of_which_nothing_was_read_has_no_time() -> None:
    metrics.initialise_newest_times(["n.activity"])
    value = exported("n.activity")
    assert value is not None
    assert math.isnan(value)


def test_the_newest_time_of_a_topic_goes_back_for_no_device() -> None:
    times = NewestTimes()
    times.note("n.scenario", 50 * NS)
    times.note("n.scenario", 20 * NS)
    times.note("n.frames", 10 * NS)
    assert exported("n.scenario") == 50
    assert exported("n.frames") == 10
    times.note("n.scenario", 51 * NS + NS // 2)
    assert exported("n.scenario") == 51.5
