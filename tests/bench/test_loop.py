from __future__ import annotations

from contextlib import closing

from prometheus_client import CollectorRegistry, Histogram, start_http_server

from bench.loop import LONGEST_S, METRIC, blocked_looks
from infra import metrics
from infra.local.probe import free_port


def test_looks_over_the_bound_are_counted_over_all_processes() -> None:
    registry = CollectorRegistry()
    histogram = Histogram(METRIC, "test", buckets=(0.01, LONGEST_S, 0.2), registry=registry)
    for blocked_s in (0.0, 0.004, 0.05, 0.06, 3.0):
        histogram.observe(blocked_s)
    port = free_port()
    server, thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    with closing(server.socket):
        assert blocked_looks([port]) == (2, 5)
        assert blocked_looks([port, port]) == (4, 10)
        server.shutdown()
    thread.join(5)


def test_the_metric_is_the_workers_and_has_the_bound() -> None:
    [family] = metrics.loop_blocked_seconds.collect()
    assert family.name == METRIC
    bounds = {sample.labels.get("le") for sample in family.samples}
    assert str(LONGEST_S) in bounds
