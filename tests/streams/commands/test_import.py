from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from streams.commands import import_
from streams.producers.recordings import open_recordings
from tests.models.recordings.imports.sounds import sound
from tests.streams.commands.import_command import run_import

if TYPE_CHECKING:
    from pathlib import Path


class Left(Exception):
    """A command ended the process with this status."""


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


async def test_a_dry_run_that_finds_nothing_fails_as_the_import_would(
    tmp_path: Path,
    published_calls: list[Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def leave(status: int) -> None:
        raise Left(status)

    monkeypatch.setattr(os, "_exit", leave)
    for dry_run in (True, False):
        with pytest.raises(Left, match="1"):
            await run_import(tmp_path, dry_run=dry_run)
        said = capsys.readouterr()
        assert "found no recording" in said.out
        assert "holds no recording that can be imported" in said.err
    # To whoever reads JSON, it says so itself.
    await run_import(tmp_path, dry_run=True, as_json=True)
    assert json.loads(capsys.readouterr().out)["recordings"] == []
    assert published_calls == []


async def test_a_session_is_that_of_the_first_recording_and_numbers_the_next(
    tmp_path: Path, published_calls: list[Any]
) -> None:
    sound(tmp_path / "20260302_080000.wav", 2)
    sound(tmp_path / "20260304_080000.wav", 2)
    await run_import(tmp_path, session="again")
    ((recordings, _),) = published_calls
    assert [r.session_id for r in recordings] == ["again", "again.2"]


def test_replay_takes_an_import(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sound(tmp_path / "20260302_080000.wav", 2)
    (recording,) = open_recordings(f"import:{tmp_path}")
    assert recording.streams == ("audio",)
    assert "2.0 s of sound" in capsys.readouterr().err
