from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import pytest

from infra import metric_labels
from infra.local.probe import free_port, port_is_free
from infra.local.process import ChildProcess
from tests.conftest import Services
from tests.dashboard_queries import Query, queries
from tests.pipeline.correcting import post_correction
from tests.pipeline.llm_endpoint import LlmEndpoint, completion
from tests.pipeline.running import WAIT_S, Worker, settings_for, wait_for, wait_until_settled
from tests.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INTERVAL_S = 0.5
# The fine-tuner trains at the lowest priority: beside busy cores its seconds become many minutes.
TRAINED_S = 1_500.0
# Near and far are named apart only with EGOLOG_INTERFERENCE=near.
MODELS = tuple(name for name in metric_labels.MODELS if name != "near_field")
TRAINED = "sum(egolog_finetune_seconds_count)"
SCRAPES = "count_over_time(up[1h])"
# Longer than the run, so that no rate has forgotten its beginning.
QUERIES = queries("1h")
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
# A rule that never holds: who tells looks at the records all the same.
RULES = """
[targets.hook]
kind = "webhook"
url = "http://127.0.0.1:9/"

[[rules]]
name = "never"
when = "far siren > 0.999"
notify = ["hook"]
"""
QUIET = {
    "Dead letters",
    "Offset gaps",
    "Dead letters per second",
    "Offset gaps per second",
    "Refused revisions",
}

pytestmark = [pytest.mark.pipeline, pytest.mark.services, pytest.mark.timeout(1_800)]


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
    rules = folder / "rules.toml"
    rules.write_text(RULES)
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
            notifications=rules,
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
            wait_until_settled(worker)
            confirm_minute(worker)
            until(tuner, lambda: sum(values(running, TRAINED)) >= 1, TRAINED_S)
            # A rate is of two samples.
            seen = min(values(running, SCRAPES))
            until(tuner, lambda: min(values(running, SCRAPES)) >= seen + 2)
            yield running
            tuner.stop()


def confirm_minute(worker: Worker) -> None:
    """Let the wearer say that the log of the first minute is right."""
    [device] = worker.get("/api/devices").json()
    span = {"from": str(device["first_ns"]), "to": str(device["last_ns"])}
    post_correction(worker, device=device["device_id"], action="confirm", parts=[span])


def until(process: ChildProcess, condition: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
    """Wait until `condition` holds; fails at once when the process ends."""

    def holds() -> bool:
        assert process.running, process.log.read_text()
        return condition()

    wait_for(holds, timeout_s, process.log.read_text)


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
    [("Stage latency", "stage", metric_labels.STAGES), ("Inference latency", "model", MODELS)],
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
