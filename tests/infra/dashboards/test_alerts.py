from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra import metrics

FOLDER = Path("infra/dashboards")
TESTS = sorted(FOLDER.glob("alerts*_test.yml"))


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def rules() -> list[dict[str, Any]]:
    return [rule for group in read_yaml(FOLDER / "alerts.yml")["groups"] for rule in group["rules"]]


def test_promtool_sees_every_alert_fire_and_stay_silent() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    done = subprocess.run(
        [promtool, "test", "rules", *map(str, TESTS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout


def test_each_alert_is_tested_both_silent_and_firing() -> None:
    cases = [
        case
        for path in TESTS
        for test in read_yaml(path)["tests"]
        for case in test["alert_rule_test"]
    ]
    firing = {case["alertname"] for case in cases if case.get("exp_alerts")}
    silent = {case["alertname"] for case in cases if not case.get("exp_alerts")}
    assert firing == silent == {rule["alert"] for rule in rules()}


def test_alerts_ask_for_metrics_that_there_are_and_say_what_to_do() -> None:
    known = {family.name for family in metrics.REGISTRY.collect()}
    for rule in rules():
        for name in re.findall(r"egolog_\w+", rule["expr"]):
            assert re.sub(r"_(total|bucket|sum|count)$", "", name) in known, name
        assert set(rule["annotations"]) == {"summary", "action"}
        assert rule["labels"]["severity"] in ("warning", "critical")


def test_prometheus_of_compose_reads_the_alerts() -> None:
    assert read_yaml(FOLDER / "prometheus.yml")["rule_files"] == ["alerts.yml"]
    compose = yaml.safe_load(Path("docker-compose.yml").read_text())
    volumes = compose["services"]["prometheus"]["volumes"]
    assert "./infra/dashboards/alerts.yml:/etc/prometheus/alerts.yml:ro" in volumes
