from __future__ import annotations

import math
import time
from collections.abc import Iterator

import pytest

from infra import metrics
from infra.dashboards import Query, queries
from infra.prometheus import Prometheus
from tests.conftest import Services
from tests.pipeline.llm_endpoint import LlmEndpoint, completion
from tests.pipeline.running import Worker, settings_for, settled, wait_for

INTERVAL_S = 0.5
# Longer than the run, so that no rate has forgotten its beginning.
QUERIES = queries("10m")
# A minute of a recording brings something into each of these, and nothing into these.
BUSY = {
    "Frames per second",
    "Windows per second",
    "Stage latency",
    "Scenarios per second",
    "Log records per second",
    "Rankings per second",
    "Labels known",
    "Inference latency",
    "Batch size",
    "Model revisions",
    "Calls per second",
    "Tokens per second",
    "Time to an answer",
    "Memory",
    "Cores",
}
QUIET = {"Dead letters", "Offset gaps", "Dead letters per second", "Offset gaps per second"}

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def prometheus(
    broker_url: str,
    redis_url: str,
    prometheus_binary: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Prometheus]:
    """A Prometheus that watched a worker log one simulated minute, every record refined."""
    folder = tmp_path_factory.mktemp("dashboard")
    with LlmEndpoint(lambda body: (200, completion("Reading books"))) as endpoint:
        settings = settings_for(
            Services(broker_url, redis_url),
            folder / "run",
            folder.name,
            refine_below=1.0,
            llm_base_url=endpoint.url,
            llm_api_key="key",
        )
        worker = Worker(settings)
        worker.command("topics", "--create")
        target = f"127.0.0.1:{settings.web_port}"
        with worker, Prometheus(folder, [target], interval_s=INTERVAL_S) as running:
            wait_for(lambda: running.query("egolog_frames_total"), 30, worker.output)
            worker.command("simulate", "--seed", "5", "--minutes", "1", "--speed", "max")
            settled(worker)
            time.sleep(3 * INTERVAL_S)
            yield running


def values(prometheus: Prometheus, expr: str) -> list[float]:
    """Return the finite values of a query's series; what was never measured is NaN."""
    found = (float(series["value"][1]) for series in prometheus.query(expr))
    return [value for value in found if math.isfinite(value)]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.expr)
def test_every_query_of_every_panel_returns_data_after_a_run(
    prometheus: Prometheus, query: Query
) -> None:
    found = values(prometheus, query.expr)
    assert found
    if query.panel in BUSY:
        assert max(found) > 0
    if query.panel in QUIET:
        assert max(found) == 0


def test_the_panels_named_here_are_on_the_dashboard() -> None:
    assert {query.panel for query in QUERIES} >= BUSY | QUIET


@pytest.mark.parametrize(
    ("panel", "label", "wanted"),
    [("Stage latency", "stage", metrics.STAGES), ("Inference latency", "model", metrics.MODELS)],
)
def test_every_stage_and_network_has_measured_latencies(
    prometheus: Prometheus, panel: str, label: str, wanted: tuple[str, ...]
) -> None:
    for query in QUERIES:
        if query.panel == panel:
            measured = {
                series["metric"][label]
                for series in prometheus.query(query.expr)
                if math.isfinite(float(series["value"][1]))
            }
            assert measured == set(wanted)


def test_a_metric_that_nobody_has_returns_nothing(prometheus: Prometheus) -> None:
    assert not prometheus.query("sum(rate(egolog_invented_total[10m]))")
