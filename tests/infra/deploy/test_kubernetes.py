from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.faults.cluster import cluster_settings
from infra import topics
from infra.broker import broker_topics
from infra.errors import SettingsError
from infra.settings import Settings, env_name, load

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "infra" / "deploy" / "kubernetes"
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yml").read_text())
OBJECTS: list[dict[str, Any]] = [
    each
    for name in KUSTOMIZATION["resources"]
    for each in yaml.safe_load_all((FOLDER / name).read_text())
]
# Of operators, which carry their own schemas.
CUSTOM = {"ScaledObject", "ServiceMonitor", "PrometheusRule"}
DATA = next(each for each in OBJECTS if each["kind"] == "ConfigMap")["data"]


def one(kind: str, name: str) -> dict[str, Any]:
    [each] = [o for o in OBJECTS if (o["kind"], o["metadata"]["name"]) == (kind, name)]
    return each


def pods() -> dict[str, dict[str, Any]]:
    """Return the pod template of each workload by its name."""
    return {
        each["metadata"]["name"]: each["spec"]["template"]
        for each in OBJECTS
        if each["kind"] in ("Deployment", "Job")
    }


def test_every_file_is_a_resource() -> None:
    files = {path.name for path in FOLDER.iterdir()} - {"kustomization.yml"}
    assert files == set(KUSTOMIZATION["resources"])


@pytest.mark.parametrize("each", OBJECTS, ids=lambda o: f"{o['kind']}-{o['metadata']['name']}")
def test_each_object_is_one_that_kubernetes_takes(each: dict[str, Any]) -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="needs kubernetes-validate")
    if each["kind"] in CUSTOM:
        with pytest.raises(validate.SchemaNotFoundError):
            validate.validate(each, validate.latest_version(), strict=True)
    else:
        validate.validate(each, validate.latest_version(), strict=True)


def test_kustomize_builds_it_and_fills_in_what_the_settings_say() -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("needs kubectl")
    done = subprocess.run(
        ["kubectl", "kustomize", str(FOLDER)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    built = list(yaml.safe_load_all(done.stdout))
    assert len(built) == len(OBJECTS)
    named = [each for each in built if each["kind"] != "Namespace"]
    assert {each["metadata"]["namespace"] for each in named} == {"egolog"}
    [scaler] = [each for each in built if each["kind"] == "ScaledObject"]
    for trigger in scaler["spec"]["triggers"]:
        asked = trigger["metadata"]
        assert f"kafka://{asked['bootstrapServers']}" == DATA["EGOLOG_BROKER_URL"]
        assert asked["consumerGroup"] == DATA["EGOLOG_APP_ID"]
    images = {
        container["image"]
        for each in built
        if each["kind"] in ("Deployment", "Job")
        for container in each["spec"]["template"]["spec"]["containers"]
    }
    assert images == {"egolog-streams:latest", "egolog-streams-finetune:latest"}


def test_the_settings_are_real_with_allowed_values(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = dict(DATA)
    for template in pods().values():
        for container in template["spec"]["containers"]:
            variables |= {each["name"]: each["value"] for each in container.get("env", [])}
    assert set(variables) <= {env_name(field) for field in Settings.model_fields}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert load(env_file=None).bootstrap_servers == ["kafka:9092"]


@pytest.mark.parametrize("name", pods())
def test_no_service_becomes_a_setting(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # What kubelet puts into the pods of a namespace with this service, unless it is told not to.
    monkeypatch.setenv("EGOLOG_WORKER_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("EGOLOG_WORKER_PORT", "tcp://10.0.0.1:6066")
    with pytest.raises(SettingsError, match="enableServiceLinks: false"):
        load(env_file=None)
    assert pods()[name]["spec"]["enableServiceLinks"] is False


@pytest.mark.parametrize("name", pods())
def test_a_pod_has_the_files_that_settings_may_name_where_there_are_any(name: str) -> None:
    spec = pods()[name]["spec"]
    [volume] = [each for each in spec["volumes"] if each["name"] == "files"]
    assert volume["secret"] == {"secretName": "egolog-files", "optional": True}
    [mount] = [each for each in spec["containers"][0]["volumeMounts"] if each["name"] == "files"]
    assert mount["mountPath"] == "/etc/egolog"
    assert mount["readOnly"] is True


def test_there_are_as_many_workers_at_most_as_partitions() -> None:
    spec = one("ScaledObject", "egolog-worker")["spec"]
    assert spec["maxReplicaCount"] == int(DATA["EGOLOG_TOPIC_PARTITIONS"])
    assert one("Deployment", spec["scaleTargetRef"]["name"])["spec"].get("replicas") is None


def test_devices_without_a_microphone_scale_the_workers_too() -> None:
    triggers = one("ScaledObject", "egolog-worker")["spec"]["triggers"]
    assert [each["metadata"]["topic"] for each in triggers] == list(topics.RAW)
    audio, imu = ({**each["metadata"], "topic": ""} for each in triggers)
    assert audio == imu


@pytest.mark.parametrize("name", pods())
def test_a_pod_has_no_rights_and_writes_to_its_volumes_only(name: str) -> None:
    spec = pods()[name]["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    [container] = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert set(mounts) == {volume["name"] for volume in spec["volumes"]}
    assert mounts["state"] == "/var/lib/egolog"
    assert "memory" in container["resources"]["limits"]


def test_claims_that_pods_use_are_there_and_only_the_fine_tuner_writes_revisions() -> None:
    claims = {o["metadata"]["name"] for o in OBJECTS if o["kind"] == "PersistentVolumeClaim"}
    used = {
        volume["persistentVolumeClaim"]["claimName"]
        for template in pods().values()
        for volume in template["spec"]["volumes"]
        if "persistentVolumeClaim" in volume
    }
    assert used == claims
    read_only = {
        name: mount.get("readOnly", False)
        for name, template in pods().items()
        for mount in template["spec"]["containers"][0]["volumeMounts"]
        if mount["name"] == "revisions"
    }
    assert read_only == {"egolog-worker": True, "egolog-finetune": False}


def test_selectors_find_the_pods_that_they_mean() -> None:
    labels = {name: template["metadata"]["labels"] for name, template in pods().items()}
    for each in OBJECTS:
        name = each["metadata"]["name"]
        if each["kind"] == "Service":
            assert each["spec"]["selector"] == labels[name]
        if each["kind"] in ("Deployment", "PodDisruptionBudget"):
            assert each["spec"]["selector"]["matchLabels"] == labels[name]


def test_probes_and_scrapes_ask_ports_that_are_there() -> None:
    for template in pods().values():
        for container in template["spec"]["containers"]:
            ports = {port["name"] for port in container.get("ports", [])}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                if probe in container:
                    assert container[probe]["httpGet"]["port"] in ports
    served = {
        port["name"] for o in OBJECTS if o["kind"] == "Service" for port in o["spec"]["ports"]
    }
    monitor = one("ServiceMonitor", "egolog")["spec"]
    assert {endpoint["port"] for endpoint in monitor["endpoints"]} == served
    jobs = {o["metadata"]["labels"][monitor["jobLabel"]] for o in OBJECTS if o["kind"] == "Service"}
    # The dashboard asks for the first.
    assert jobs == {"egolog", "egolog-finetune"}
    worker = pods()["egolog-worker"]["spec"]["containers"][0]
    assert worker["ports"][0]["containerPort"] == load(env_file=None).web_port


def test_a_worker_is_not_killed_for_a_store_that_is_away() -> None:
    worker = pods()["egolog-worker"]["spec"]["containers"][0]
    assert worker["livenessProbe"]["httpGet"]["path"] == "/api/health/live"
    assert worker["readinessProbe"]["httpGet"]["path"] == "/api/health/ready"


def test_the_pages_token_is_the_secrets_that_prometheus_shows() -> None:
    assert DATA["EGOLOG_WEB_HOST"] == "0.0.0.0"
    [worker] = one("ServiceMonitor", "egolog")["spec"]["endpoints"][:1]
    shown = worker["authorization"]["credentials"]
    assert shown["key"] == env_name("web_token")
    for template in pods().values():
        for container in template["spec"]["containers"]:
            assert {"secretRef": {"name": shown["name"]}} in container["envFrom"]


def test_the_alerts_are_those_that_promtool_tests() -> None:
    tested = yaml.safe_load((ROOT / "infra" / "dashboards" / "alerts.yml").read_text())
    assert one("PrometheusRule", "egolog")["spec"] == tested


def test_the_job_creates_the_topics() -> None:
    command = pods()["egolog-topics"]["spec"]["containers"][0]["command"]
    assert " ".join(command) == broker_topics.CREATE_COMMAND


def test_a_release_replaces_each_job_because_none_can_be_changed() -> None:
    page = (ROOT / "docs" / "how-to" / "kubernetes.md").read_text(encoding="utf-8")
    jobs = [each["metadata"] for each in OBJECTS if each["kind"] == "Job"]
    assert jobs
    for job in jobs:
        deletes = f"kubectl delete job -n {KUSTOMIZATION['namespace']} {job['name']} "
        assert "kubectl apply -k" in page.split(deletes, 1)[1]
        assert job["annotations"] == {
            "argocd.argoproj.io/sync-options": "Force=true,Replace=true",
            "kustomize.toolkit.fluxcd.io/force": "enabled",
        }


def test_workers_wait_for_devices_for_as_long_as_the_faults_of_brokers_were_measured_with() -> None:
    measured = cluster_settings(int(DATA["EGOLOG_TOPIC_REPLICAS"]))
    deployed = {name: int(DATA[env_name(name)]) for name in measured}
    assert deployed == measured
    page = (ROOT / "docs" / "KAFKA.md").read_text(encoding="utf-8")
    assert f"export EGOLOG_IDLE_TIMEOUT_S={measured['idle_timeout_s']}\n" in page
