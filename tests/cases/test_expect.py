from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.cases.__main__ import main
from tests.cases.expect import judge
from tests.cases.worker import LocalWorker, Log
from tests.models.recordings.imports.sounds import motion, sound

if TYPE_CHECKING:
    from pathlib import Path

    from models.recordings.protocol import Recording


def found_import(**changes: Any) -> dict[str, Any]:
    recording = {
        "device": "rec",
        "session": "rec-1",
        "start": "2026-03-02T08:00:00Z",
        "duration_s": 30.0,
        "audio": None,
        "motion": {"rate_hz": 50.0, "seconds": 29.98, "stretches": 1, "gyroscope": True},
        "warnings": ["|acceleration| at rest is 1.0: gravity is 1, so the unit is g"],
    }
    return {
        "recordings": [{**recording, **changes}],
        "skipped": [],
        "rows_left_out": {"not finite": 1},
    }


@pytest.mark.parametrize(
    "expect",
    [
        "the row is left out and counted; 29.98 s used",
        "50 Hz over 30 s (or refused); not 200 Hz with holes",
        "50 Hz, about one stretch of 31 s",
        "device rec from 08:00Z, or an error",
        "motion lies at 2026-03-02T08:00:00Z, or refused: time_s looks like seconds",
        "a warning: gravity is 1, the unit is g",
        "sorted, or the one row left out; the rest is used",
        "device watch or told that it is not",
    ],
)
def test_what_holds_is_ok(expect: str) -> None:
    assert judge(expect, found_import()).held is True


@pytest.mark.parametrize(
    "expect",
    [
        "first 14 s used",
        "52.08 Hz; every 30 s a scenario, every 5 s an activity, no dead letter",
        "device watch-7 from 08:00Z, or an error",
        "a warning: the gyroscope counts degrees",
        "the two recordings are 10 min apart in the log",
        "all four segments used; 20 ms of overlap trimmed",
    ],
)
def test_what_does_not_hold_fails(expect: str) -> None:
    assert judge(expect, found_import()).held is False


def test_what_says_nothing_countable_is_not_checked() -> None:
    assert judge("it works well", found_import()).held is None


def test_the_command_prints_a_table_and_fails_when_a_case_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    motion(tmp_path / "good" / "rec" / "m.csv", 10)
    (tmp_path / "good" / "expect.txt").write_text("10 s of motion read")
    assert main([str(tmp_path)]) == 0
    sound(tmp_path / "wrong" / "rec" / "a.wav", 2)
    (tmp_path / "wrong" / "expect.txt").write_text("3 s used")
    assert main([str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[-3:-1]] == [["good", "ok"], ["wrong", "FAILED"]]
    assert main([str(tmp_path / "good")]) == 1


def test_end_to_end_the_log_must_be_complete_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    motion(tmp_path / "fractional" / "rec" / "m.csv", 10, rate=33.333)
    (tmp_path / "fractional" / "expect.txt").write_text("33.333 Hz; no dead letter")
    assert main([str(tmp_path), "--end-to-end"]) == 0
    assert "scenarios: 1, activities: 2, no dead letter" in capsys.readouterr().out

    async def nothing(self: LocalWorker, recording: Recording) -> Log:
        return Log()

    monkeypatch.setattr(LocalWorker, "log", nothing)
    assert main([str(tmp_path), "--end-to-end"]) == 1
    assert "1 of 1 scenario records missing" in capsys.readouterr().out
