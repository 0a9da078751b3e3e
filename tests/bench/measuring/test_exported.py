from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Histogram, start_http_server

from bench.measuring.exported import BLOCKED, LONGEST_S, blocked_looks
from infra import metrics
from infra.local.probe import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def serve(registry: CollectorRegistry) -> Iterator[int]:
    port = free_port()
    server, thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    try:
        yield port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def test_looks_over_the_bound_are_counted_over_all_processes() -> None:
    registry = CollectorRegistry()
    histogram = Histogram(BLOCKED, "test", buckets=(0.01, LONGEST_S, 0.2), registry=registry)
    for blocked_s in (0.0, 0.004, 0.05, 0.06, 3.0):
        histogram.observe(blocked_s)
    with serve(registry) as port:
        assert blocked_looks([port]) == (2, 5)
        assert blocked_looks([port, port]) == (4, 10)


def test_the_metric_is_the_workers_and_the_bound_is_one_of_its() -> None:
    [blocked] = metrics.loop_blocked_seconds.collect()
    assert blocked.name == BLOCKED
    assert str(LONGEST_S) in {sample.labels.get("le") for sample in blocked.samples}
