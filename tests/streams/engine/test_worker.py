from __future__ import annotations

import errno
import logging
import os
import signal
from io import StringIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import faust
import pytest

from infra.errors import RevisionError, SettingsError
from infra.settings import Settings
from models.egolog.contrastive import ENCODERS
from models.serving.audio_tagger import AudioTaggerError
from models.serving.registry import Registry
from streams.engine import worker
from streams.engine.own_core import OwnCore
from streams.engine.worker import Worker, prepare, ready_line
from tests.models import fresh
from tests.stopped import SIGNALS, stopped

if TYPE_CHECKING:
    from pathlib import Path

CONF = SimpleNamespace(web_enabled=False)


def test_an_audio_tagger_that_cannot_be_used_stops_the_start_before_any_service(
    tmp_path: Path,
) -> None:
    settings = Settings(_env_file=None, run_dir=tmp_path, audio_tagger=tmp_path / "mn04_as.pt")
    no_loop: Any = None
    with pytest.raises(AudioTaggerError, match=r"mn04_as\.pt do not exist"):
        prepare(settings, CONF, no_loop, Registry())
    assert list(tmp_path.iterdir()) == []


def test_a_worker_warns_of_networks_beside_encoders_of_another_training(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    registry = fresh.registry(tmp_path)
    encoders = registry.load(ENCODERS).module
    encoders.space.tau.data += 1
    registry.save(ENCODERS, encoders)
    settings = Settings(_env_file=None, audio_tagger=tmp_path / "mn04_as.pt")
    no_loop: Any = None
    with pytest.raises(AudioTaggerError, match="do not exist"):
        prepare(settings, CONF, no_loop, registry)
    first = caplog.messages[0]
    assert str(tmp_path / "scenario.safetensors") in first
    assert str(tmp_path / "encoders.safetensors") in first


def test_a_warning_of_the_checks_is_written_though_fausts_handler_comes_later(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    worker.log.warning("topic audio.frames is compacted")
    assert capsys.readouterr().err == "topic audio.frames is compacted\n"


def test_the_worker_ends_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mn04_as.pt"
    path.write_bytes(b"PK")
    settings = Settings(_env_file=None, run_dir=tmp_path, audio_tagger=path)
    with pytest.raises(SystemExit, match="1"):
        Worker(SimpleNamespace(settings=settings, conf=CONF, use=None, registry=Registry()))
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: audio tagger: weights {path} cannot be read")


@SIGNALS
def test_a_worker_that_is_stopped_before_it_has_begun_ends_with_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    by: signal.Signals,
    status: int,
) -> None:
    monkeypatch.setattr(worker, "prepare", stopped(by))
    settings = Settings(_env_file=None, run_dir=tmp_path)
    with pytest.raises(SystemExit) as ended:
        Worker(SimpleNamespace(settings=settings, conf=CONF, use=None, registry=Registry()))
    assert ended.value.code == status
    assert capsys.readouterr().err == "interrupted\n"


def test_a_run_folder_that_cannot_be_written_ends_the_worker_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def read_only(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(tmp_path / "embedded.lock"))

    monkeypatch.setattr(worker, "prepare", read_only)
    settings = Settings(_env_file=None, run_dir=tmp_path)
    with pytest.raises(SystemExit, match="1"):
        Worker(SimpleNamespace(settings=settings, conf=CONF, use=None, registry=Registry()))
    assert capsys.readouterr().err == (
        f"error: file '{tmp_path}/embedded.lock' cannot be used: read-only file system\n"
    )


def test_a_core_that_does_not_exist_stops_the_start_before_any_service(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, run_dir=tmp_path, cpu_affinity="9999")
    no_loop: Any = None
    with pytest.raises(SettingsError, match="EGOLOG_CPU_AFFINITY has value '9999'"):
        prepare(settings, CONF, no_loop, Registry())
    assert list(tmp_path.iterdir()) == []


def test_a_store_of_revisions_that_nothing_opens_stops_the_start_before_any_service(
    tmp_path: Path,
) -> None:
    settings = Settings(_env_file=None, run_dir=tmp_path, revisions_url="nosuch://bucket")
    no_loop: Any = None
    with pytest.raises(RevisionError, match="EGOLOG_REVISIONS_URL has value 'nosuch://bucket'"):
        prepare(settings, CONF, no_loop, Registry())
    assert list(tmp_path.iterdir()) == []


def test_the_worker_takes_its_core_after_the_services_that_would_inherit_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = []
    settings = Settings(_env_file=None)

    def prepared(*_: object) -> tuple[Settings, object]:
        steps.append("services")
        return settings, None

    def take(setting: str) -> OwnCore:
        steps.append(setting)
        raise SettingsError("no such core")

    monkeypatch.setattr("streams.engine.worker.prepare", prepared)
    monkeypatch.setattr(OwnCore, "take", take)
    app = SimpleNamespace(settings=settings, conf=CONF, use=lambda _: None, registry=None)
    with pytest.raises(SystemExit, match="1"):
        Worker(app)
    assert steps == ["services", "auto"]


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:6066/"),
        ("page.example", "http://page.example:6066/"),
        ("0.0.0.0", "http://localhost:6066/"),
        ("::", "http://localhost:6066/"),
        ("::1", "http://[::1]:6066/"),
    ],
)
def test_a_worker_that_is_ready_says_where_the_page_is(host: str, address: str) -> None:
    conf = SimpleNamespace(web_enabled=True, web_bind=host, web_port=6066)
    assert ready_line(conf) == f"ready; the page: {address}"


def test_a_worker_without_the_page_says_so() -> None:
    assert ready_line(CONF) == "ready; without the page"


@pytest.mark.parametrize("stopping", [False, True])
async def test_a_worker_says_that_it_is_ready_once_it_has_started_and_is_not_stopping(
    stopping: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = StringIO()

    async def started(_: faust.Worker) -> None:
        lines.write("started\n")

    monkeypatch.setattr(faust.Worker, "on_startup_finished", started)
    monkeypatch.setattr(
        "streams.engine.worker.freeze_startup_objects", lambda: lines.write("frozen\n")
    )
    worker = Worker.__new__(Worker)
    worker.app, worker.stdout = SimpleNamespace(conf=CONF), lines
    worker._shutdown_immediately = stopping
    await worker.on_startup_finished()
    assert lines.getvalue() == "started\nfrozen\n" + (
        "" if stopping else "ready; without the page\n"
    )


def test_ctrl_c_says_that_the_worker_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []
    worker = Worker.__new__(Worker)
    monkeypatch.setattr(worker, "carp", said.append, raising=False)
    monkeypatch.setattr(worker, "_schedule_shutdown", said.append, raising=False)
    worker._on_sigint()
    assert said == ["stopping", signal.SIGINT]
