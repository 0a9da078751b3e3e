from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING

import pytest

from infra import metrics
from infra.dashboards import Query, queries
from infra.local.probe import free_port, port_is_free
from infra.local.process import ChildProcess
from infra.prometheus import Prometheus
from tests.conftest import Services
from tests.pipeline.llm_endpoint import LlmEndpoint, completion
from tests.pipeline.running import Worker, settings_for, settled, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    "Known labels",
    "Inference latency",
    "Batch size",
    "Model revisions",
    "Calls per second",
    "Tokens per second",
    "Time to an answer",
    "Refined per second",
    "Fine-tuning items per second",
    "Replay buffer",
    "Fine-tuning runs",
    "Fine-tuning time",
    "Memory",
    "CPU",
}
QUIET = {
    "Dead letters",
    "Offset gaps",
    "Dead letters per second",
    "Offset gaps per second",
    "Refused revisions",
}

pytestmark = [pytest.mark.pipeline, pytest.mark.services, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def prometheus(
    broker_url: str,
    redis_url: str,
    prometheus_binary: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Prometheus]:
    """A Prometheus that watched a minute being logged, every record refined and learned from."""
    folder = tmp_path_factory.mktemp("dashboard")
    port = free_port()
    with LlmEndpoint(lambda body: (200, completion("Reading books"))) as endpoint:
        settings = settings_for(
            Services(broker_url, redis_url),
            folder / "run",
            folder.name,
            llm_confidence_threshold=1.0,
            llm_base_url=endpoint.url,
            llm_api_key="key",
            finetune_after=2,
            finetune_sequence_steps=20,
            finetune_metrics_port=port,
        )
        worker = Worker(settings)
        worker.command("topics", "--create")
        targets = [f"127.0.0.1:{settings.web_port}", f"127.0.0.1:{port}"]
        tuner = ChildProcess(
            "finetune",
            [sys.executable, "-m", "faust", "-A", "streams.app", "finetune"],
            port=port,
            log=folder / "finetune.log",
            env=worker.environment(),
        )
        with worker, Prometheus(folder, targets, interval_s=INTERVAL_S) as running:
            tuner.start(lambda: not port_is_free(port), 60.0)
            worker.wait_until(lambda: running.query("egolog_frames_total"))
            worker.command("simulate", "--seed", "5", "--minutes", "1", "--speed", "max")
            settled(worker)
            wait_for(
                lambda: values(running, "sum(egolog_finetune_seconds_count)") == [1.0],
                120,
                tuner.log.read_text,
            )
            time.sleep(3 * INTERVAL_S)
            yield running
            tuner.stop()


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
