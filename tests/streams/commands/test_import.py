from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from streams.commands import import_
from streams.producers.recordings import open_recordings
from tests.models.recordings.imports.sounds import sound
from tests.streams.commands.import_command import run_import

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def published_calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []

    async def publish(app: Any, recordings: list[Any], **options: Any) -> None:
        calls.append((recordings, options))

    monkeypatch.setattr(import_, "publish", publish)
    return calls


async def test_a_dry_run_prints_json_and_publishes_nothing(
    tmp_path: Path, published_calls: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    sound(tmp_path / "20260302_080000.wav", 2)
    await run_import(tmp_path, dry_run=True, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["recordings", "skipped", "rows_left_out"]
    assert found["recordings"][0]["start"] == "2026-03-02T08:00:00Z"
    assert published_calls == []


async def test_what_is_found_is_said_and_then_published(
    tmp_path: Path, published_calls: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    sound(tmp_path / "a.wav", 2)
    await run_import(
        tmp_path / "a.wav",
        device="left-ear",
        start="2026-03-02T09:00:00+01:00",
        speed=4.0,
        position="ear",
    )
    ((recordings, options),) = published_calls
    assert [r.session_id for r in recordings] == ["left-ear-1772438400"]
    assert options == {"speed": 4.0, "position": "ear"}
    assert "left-ear 2026-03-02T08:00:00Z: 2.0 s" in capsys.readouterr().out


def test_replay_takes_an_import(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sound(tmp_path / "20260302_080000.wav", 2)
    (recording,) = open_recordings(f"import:{tmp_path}")
    assert recording.streams == ("audio",)
    assert "2.0 s of sound" in capsys.readouterr().err
