from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
import yaml
from prometheus_client import start_http_server
from prometheus_client.metrics import MetricWrapperBase

from infra import metrics
from infra.local.probe import free_port
from infra.topics import TOPICS
from streams import class_mix
from streams.engine.newest_times import TIMED
from tests.dashboard_queries import BY_QUESTION, DASHBOARD, Query, queries
from tests.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A worker's classes exist once it was imported.
assert class_mix
FOLDER = DASHBOARD.parent.parent
EVERY = pytest.mark.parametrize("file", [DASHBOARD, *BY_QUESTION], ids=lambda file: file.stem)


def our_metrics() -> set[str]:
    """Every metric's name as it appears in queries, without the suffixes of its kind."""
    return {
        value._name + ("_total" if value._type == "counter" else "")
        for value in vars(metrics).values()
        if isinstance(value, MetricWrapperBase)
    }


def asked_for(file: Path = DASHBOARD) -> set[str]:
    names = {name for query in queries(file=file) for name in re.findall(r"egolog_\w+", query.expr)}
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


def test_every_metric_is_on_the_dashboard_and_nothing_else_is() -> None:
    assert asked_for() == our_metrics()


@pytest.mark.parametrize("file", BY_QUESTION, ids=lambda file: file.stem)
def test_a_dashboard_of_one_question_asks_for_metrics_that_there_are_by_worker(file: Path) -> None:
    assert asked_for(file) <= our_metrics()
    board = json.loads(file.read_text())
    assert board["uid"] == f"egolog-{file.stem}"
    exprs = [t["expr"] for panel in board["panels"] for t in panel["targets"]]
    assert all('instance=~"$worker"' in expr for expr in exprs)
    named = {f"${each['name']}" for each in board["templating"]["list"]}
    used = set(re.findall(r"\$(?!__)\w+", " ".join(exprs)))
    assert used == named


def test_no_query_hides_a_missing_metric() -> None:
    assert not [q for q in queries() if "vector(" in q.expr or "absent(" in q.expr]


@EVERY
def test_panels_have_titles_of_their_own_and_say_what_they_show(file: Path) -> None:
    panels = [p for p in json.loads(file.read_text())["panels"] if p["type"] != "row"]
    titles = [panel["title"] for panel in panels]
    assert len(set(titles)) == len(titles)
    assert all(panel["description"] for panel in panels)
    assert len({panel["id"] for panel in panels}) == len(panels)


@EVERY
def test_panels_do_not_overlap(file: Path) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(file.read_text())["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(x + at["x"], y + at["y"]) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


@EVERY
def test_panels_ask_the_data_source_that_is_provisioned(file: Path) -> None:
    [source] = yaml.safe_load(
        (FOLDER / "grafana/provisioning/datasources/prometheus.yml").read_text()
    )["datasources"]
    for panel in json.loads(file.read_text())["panels"]:
        if panel["type"] != "row":
            assert panel["datasource"] == {"type": source["type"], "uid": source["uid"]}


def test_grafanas_interval_is_replaced_by_the_one_given() -> None:
    assert not [q for q in queries() if "$" in q.expr]
    assert any("[17s]" in q.expr for q in queries("17s"))


@pytest.fixture(scope="module")
def prometheus(
    tmp_path_factory: pytest.TempPathFactory, prometheus_binary: str
) -> Iterator[Prometheus]:
    """A Prometheus that has scraped this process, in which nothing has happened, three times."""
    metrics.initialise_topics([topic.name for topic in TOPICS])
    metrics.initialise_newest_times(TIMED)
    metrics.consumer_lag.labels(topic="windows", partition="0").set(0)
    metrics.model_revision.labels(model="har", revision="r1").set(1)
    port = free_port()
    server, thread = start_http_server(port, addr="127.0.0.1", registry=metrics.REGISTRY)
    with Prometheus(
        tmp_path_factory.mktemp("prometheus"), [f"127.0.0.1:{port}"], interval_s=0.5
    ) as running:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            found = running.query('count_over_time(up{job="egolog"}[1m])')
            if found and float(found[0]["value"][1]) >= 3:
                break
            time.sleep(0.1)
        yield running
    server.shutdown()
    server.server_close()
    thread.join(60)


OF_QUESTIONS = {each.expr: each for file in BY_QUESTION for each in queries(file=file)}


@pytest.mark.parametrize(
    "query", [*queries(), *OF_QUESTIONS.values()], ids=lambda query: query.expr
)
def test_every_query_returns_data_also_when_nothing_has_happened(
    prometheus: Prometheus, query: Query
) -> None:
    # A scrape that comes too late on a busy machine ends every series until the next one.
    deadline = time.monotonic() + 60
    while not prometheus.query(query.expr):
        assert time.monotonic() < deadline, query.panel
        time.sleep(0.1)


def test_the_scrape_config_of_compose_is_one_that_prometheus_takes(
    promtool: str, tmp_path: Path
) -> None:
    # Compose puts the token there; the rules are beside the configuration.
    token, config = tmp_path / "token", tmp_path / "prometheus.yml"
    token.write_text("token")
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    text = (FOLDER / "prometheus.yml").read_text(encoding="utf-8")
    config.write_text(text.replace("/run/secrets/web_token", str(token)), encoding="utf-8")
    done = subprocess.run(
        [promtool, "check", "config", str(config)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
