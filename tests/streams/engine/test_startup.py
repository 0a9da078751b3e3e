"""Where a worker's networks run."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

import pytest
import torch

from infra.settings import Settings
from models.serving import torch_session
from models.serving.registry import Registry, RegistryError
from models.serving.served import HAR
from models.serving.session import GraphSession
from streams.engine.recognizers import Recognizers
from streams.engine.startup import open_serving_registry, open_speech_detector
from streams.engine.worker import Worker

if TYPE_CHECKING:
    from pathlib import Path

CONF = SimpleNamespace(web_enabled=False)


def on_cuda(folder: Path) -> Settings:
    return Settings(_env_file=None, run_dir=folder, device="cuda")


def test_a_worker_on_a_gpu_that_is_not_there_ends_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    app = SimpleNamespace(settings=on_cuda(tmp_path), conf=CONF, use=None, registry=Registry())
    with pytest.raises(SystemExit, match="1"):
        Worker(app)
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: device is 'cuda', and torch ")
    assert line.endswith("expected a GPU with its driver, or EGOLOG_DEVICE=cpu")
    assert list(tmp_path.iterdir()) == []


def test_a_worker_on_a_gpu_without_torch_says_so_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "models.serving.torch_session", None)
    with pytest.raises(RegistryError) as raised:
        open_serving_registry(on_cuda(tmp_path))
    [line] = str(raised.value).splitlines()
    assert line.startswith("device is 'cuda', which needs torch")
    assert line.endswith("expected it installed, or EGOLOG_DEVICE=cpu")


def test_a_gpu_that_cannot_run_the_networks_stops_the_start_before_any_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("CUDA error: no kernel image is available\nCompile with ...")

    monkeypatch.setattr(
        torch_session, "open_cuda", lambda: torch_session.TorchSessions("cpu", batch=1)
    )
    monkeypatch.setattr(torch_session.TorchSession, "_call", fail)
    app = SimpleNamespace(settings=on_cuda(tmp_path), conf=CONF, use=None, registry=Registry())
    with pytest.raises(SystemExit, match="1"):
        Worker(app)
    [line] = capsys.readouterr().err.splitlines()
    assert line == (
        "error: device cannot run the networks (CUDA error: no kernel image is available); "
        "expected a GPU that torch supports, or EGOLOG_DEVICE=cpu"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("interference", ["near", "off"])
def test_networks_are_tried_out_on_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interference: Literal["near", "off"]
) -> None:
    calls: list[list[str]] = []
    run_all = GraphSession.run_all

    def noted(session: GraphSession, items: Any) -> Any:
        calls.extend(sorted(session.names) for _ in items)
        return run_all(session, items)

    monkeypatch.setattr(GraphSession, "run_all", noted)
    settings = Settings(_env_file=None, run_dir=tmp_path, interference=interference)
    Recognizers.load(settings, Registry()).try_out()
    tried = {name for names in calls for name in names}
    assert {"regions", "logits", "rows", "features"} <= tried
    assert ("share" in tried) == (interference == "near")


def test_networks_of_a_gpu_say_so_and_speech_is_detected_on_the_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_session, "open_cuda", lambda: torch_session.TorchSessions("cpu"))
    settings = on_cuda(tmp_path)
    opened = open_serving_registry(settings).open(HAR)
    assert opened.recorded == f"{opened.revision}+cpu"
    detector = open_speech_detector(settings)
    assert isinstance(detector._session, GraphSession)  # type: ignore[attr-defined]


def test_a_worker_on_the_cpu_has_the_networks_of_onnx_runtime(tmp_path: Path) -> None:
    opened = open_serving_registry(Settings(_env_file=None, run_dir=tmp_path)).open(HAR)
    assert opened.recorded == opened.revision
    assert isinstance(opened.sessions["har"], GraphSession)
