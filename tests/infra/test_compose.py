from __future__ import annotations

import fnmatch
import re
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from infra.local.kafka.jars import POM
from infra.local.kafka.server import _PROPERTIES
from infra.model_store.replay_buffer import FINETUNE_FOLDER
from infra.model_store.weights import WeightsStore
from infra.settings import PREFIX, Settings, env_name, load, may_be_in_file
from infra.web_access import require_guard

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
HOST = "EGOLOG_WEB_HOST"
WORKERS = [name for name, service in SERVICES.items() if service.get("build")]


def test_it_has_every_service_of_the_pipeline() -> None:
    pipeline = {"kafka", "redis", "topics", "worker", "finetune"}
    assert pipeline | {"prometheus", "grafana"} == set(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_on_loopback_only(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)


@pytest.mark.parametrize("name", SERVICES)
def test_mounted_files_exist_and_named_volumes_are_declared(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source = volume.split(":")[0]
        if source.startswith("."):
            assert (ROOT / source).exists()
        else:
            assert source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_waits_for_is_there_and_can_be_waited_for(name: str) -> None:
    depends = SERVICES[name].get("depends_on", {})
    for other in depends:
        assert other in SERVICES
        if isinstance(depends, dict) and depends[other]["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]


@pytest.mark.parametrize("name", WORKERS)
def test_the_workers_environment_is_made_of_real_settings_with_allowed_values(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment = SERVICES[name]["environment"]
    files = {f"{env_name(field)}_FILE" for field in Settings.model_fields if may_be_in_file(field)}
    assert set(environment) <= {env_name(field) for field in Settings.model_fields} | files
    for variable, value in environment.items():
        if variable in files:
            assert Path(value).name in SERVICES[name]["secrets"]
            (tmp_path / "secret").write_text("generated-for-this-test\n")
        text = str(tmp_path / "secret") if variable in files else value
        monkeypatch.setenv(variable, re.sub(r"\$\{\w+:-(.*?)\}", r"\1", text))
    settings = load(env_file=None)
    assert settings.bootstrap_servers == ["kafka:29092"]
    assert settings.redis_url == "redis://redis:6379/0"
    assert settings.llm_api_key is None


def test_the_pages_token_is_generated_once_and_read_by_whoever_needs_it(tmp_path: Path) -> None:
    file = COMPOSE["secrets"]["web_token"]["file"]
    makefile = (ROOT / "Makefile").read_text()
    assert f"compose: {file} " in makefile
    (tmp_path / "Makefile").write_text(makefile)
    tokens = set()
    for _ in range(2):
        subprocess.run(["make", file], cwd=tmp_path, check=True)
        tokens.add((tmp_path / file).read_text().strip())
    [token] = tokens
    require_guard(load(env_file=None, web_token=token), SERVICES["worker"]["environment"][HOST])
    assert (tmp_path / file).parent.stat().st_mode & 0o077 == 0
    config = yaml.safe_load((ROOT / "infra/dashboards/prometheus.yml").read_text())
    shown = config["scrape_configs"][0]["authorization"]["credentials_file"]
    assert shown == SERVICES["worker"]["environment"]["EGOLOG_WEB_TOKEN_FILE"]
    assert "web_token" in SERVICES["prometheus"]["secrets"]


def test_the_workers_brokers_address_is_one_that_kafka_advertises() -> None:
    advertised = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    url = SERVICES["worker"]["environment"]["EGOLOG_BROKER_URL"]
    assert f"//{url.removeprefix('kafka://')}" in advertised


def test_prometheus_asks_the_workers_port() -> None:
    config = yaml.safe_load((ROOT / "infra/dashboards/prometheus.yml").read_text())
    [source] = config["scrape_configs"][0]["dns_sd_configs"]
    assert source["names"] == ["worker"]
    assert source["port"] == load(env_file=None).web_port
    assert SERVICES["worker"]["ports"] == [f"127.0.0.1:{source['port']}:{source['port']}"]


def test_prometheus_asks_the_fine_tuners_port() -> None:
    config = yaml.safe_load((ROOT / "infra/dashboards/prometheus.yml").read_text())
    [source] = config["scrape_configs"][1]["dns_sd_configs"]
    assert source["names"] == ["finetune"]
    assert (
        str(source["port"])
        == SERVICES["finetune"]["environment"][env_name("finetune_metrics_port")]
    )


def test_the_fine_tuners_folders_are_volumes_that_its_user_may_write() -> None:
    run_dir = Path("/var/lib/egolog")
    assert WeightsStore.of(load(env_file=None, run_dir=run_dir)).url == f"{run_dir}/revisions"
    mounted = {volume.split(":")[1] for volume in SERVICES["finetune"]["volumes"]}
    assert mounted == {str(run_dir / "revisions"), str(run_dir / FINETUNE_FOLDER)}
    assert f"revisions:{run_dir}/revisions" in SERVICES["worker"]["volumes"]
    made = (ROOT / "Dockerfile").read_text().split("install -d -o egolog")[1].split("\nUSER")[0]
    assert mounted <= set(made.split())


def test_kafka_has_the_version_and_the_limits_of_the_one_without_docker() -> None:
    names = {"m": "http://maven.apache.org/POM/4.0.0"}
    versions = [
        dependency.findtext("m:version", namespaces=names)
        for dependency in ElementTree.parse(POM).findall(".//m:dependency", names)
        if dependency.findtext("m:artifactId", namespaces=names) == "kafka_2.13"
    ]
    assert [f"apache/kafka:{version}" for version in versions] == [SERVICES["kafka"]["image"]]
    properties = dict(line.split("=", 1) for line in _PROPERTIES.splitlines())
    environment = SERVICES["kafka"]["environment"]
    for name in (
        "message.max.bytes",
        "auto.create.topics.enable",
        "offsets.topic.replication.factor",
    ):
        assert str(environment[f"KAFKA_{name.upper().replace('.', '_')}"]) == properties[name]


def test_what_the_image_copies_exists_and_is_not_ignored() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    kept = [
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    copied = [
        part
        for line in lines
        if line.startswith("COPY ") and "--from=" not in line
        for part in line.split()[1:-1]
    ]
    assert copied
    for part in copied:
        assert (ROOT / part).exists(), part
        assert any(fnmatch.fnmatch(part, pattern) for pattern in kept), part


@pytest.mark.parametrize("name", WORKERS)
def test_each_image_is_a_target_of_the_dockerfile(name: str) -> None:
    targets = re.findall(r"^FROM \S+ AS (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert SERVICES[name]["build"]["target"] in targets
    # Two services that build one image must not disagree on what it is.
    same = [s for s in SERVICES.values() if s.get("image") == SERVICES[name]["image"]]
    assert {service["build"]["target"] for service in same} == {SERVICES[name]["build"]["target"]}


def test_the_worker_is_what_docker_builds_by_default() -> None:
    stages = re.findall(r"^FROM .* AS (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert stages[-1] == "worker"


def test_the_images_own_variables_are_real_settings() -> None:
    text = (ROOT / "Dockerfile").read_text()
    found = set(re.findall(rf"{PREFIX}\w+", text))
    assert found == {"EGOLOG_CPU_AFFINITY", "EGOLOG_RUN_DIR"}
    assert found <= {env_name(field) for field in Settings.model_fields}
