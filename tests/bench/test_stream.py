from __future__ import annotations

from bench.stream import stream_figures
from bench.subjects.running import Cost


def cost(ms: float, **threads_ms: float) -> Cost:
    return Cost(960.0, ms, threads_ms, 1.0, 200.0)


def test_the_stream_is_what_constant_networks_leave_without_the_features() -> None:
    costs = [cost(5.0, main=2.0), cost(4.0, main=1.0, Thread=0.5), cost(9.0, main=3.0)]
    figures = stream_figures(costs, [1.0, 1.5, 2.0])
    assert figures["stream_ms"] == 3.5
    assert figures["constant_networks_ms"] == 5.0
    assert figures["rounds_ms"] == [5.0, 4.0, 9.0]
    assert figures["threads_ms"] == {"Thread": 0.0, "main": 2.0}
