from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from infra.settings import Settings
from models.serving.audio_tagger import AudioTaggerError
from streams.engine.worker import Worker, prepare

if TYPE_CHECKING:
    from pathlib import Path

CONF = SimpleNamespace(web_enabled=False)


def test_an_audio_tagger_that_cannot_be_used_stops_the_start_before_any_service(
    tmp_path: Path,
) -> None:
    settings = Settings(_env_file=None, run_dir=tmp_path, audio_tagger=tmp_path / "mn04_as.pt")
    no_loop: Any = None
    with pytest.raises(AudioTaggerError, match=r"mn04_as\.pt do not exist"):
        prepare(settings, CONF, no_loop)
    assert list(tmp_path.iterdir()) == []


def test_the_worker_ends_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mn04_as.pt"
    path.write_bytes(b"PK")
    settings = Settings(_env_file=None, run_dir=tmp_path, audio_tagger=path)
    with pytest.raises(SystemExit, match="1"):
        Worker(SimpleNamespace(settings=settings, conf=CONF, use=None))
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: audio tagger: weights {path} cannot be read")
