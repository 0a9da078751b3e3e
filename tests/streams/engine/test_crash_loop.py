from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra import clock
from streams.engine.crash_loop import CrashLoop

SESSION_S = 6.0


class Supervised:
    """A worker that is started again and again, by a clock of its own."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path, self.now_s = path, 1e9
        monkeypatch.setattr(clock, "now_s", lambda: self.now_s)

    def life(self, lasts_s: float, *, ends_on_purpose: bool = False) -> float:
        """Return how long it stayed out; it joins then, and lives for so long."""
        lives = CrashLoop(self.path)
        out_s = lives.backoff_s(SESSION_S)
        self.now_s += out_s
        lives.note_join()
        self.now_s += lasts_s
        if ends_on_purpose:
            lives.forget()
        return out_s


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Supervised:
    return Supervised(tmp_path / "joined-6066", monkeypatch)


def test_who_ends_soon_after_each_join_stays_out_for_longer_each_time(worker: Supervised) -> None:
    assert [worker.life(4.0) for _ in range(8)] == [0, 0, 0, 12, 24, 48, 60, 60]


@pytest.mark.parametrize("lasts_s", [12.0, 3_600.0])
def test_a_life_that_lasts_ends_the_row(worker: Supervised, lasts_s: float) -> None:
    for _ in range(5):
        worker.life(4.0)
    worker.life(lasts_s)
    assert [worker.life(4.0) for _ in range(4)] == [0, 0, 0, 12]


def test_who_is_stopped_on_purpose_joins_at_once(worker: Supervised) -> None:
    assert [worker.life(4.0, ends_on_purpose=True) for _ in range(6)] == [0] * 6


def test_who_stays_out_says_for_how_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Supervised(tmp_path / "joined-6066", monkeypatch)
    lives = CrashLoop(worker.path)
    assert lives.problem() is None
    with lives.staying_out(24.0):
        worker.now_s += 10.0
        assert lives.problem() == (
            "this worker ended soon after each of its last starts: it stays out of the group for "
            "another 14 s, and others have its partitions"
        )
    assert lives.problem() is None


def test_a_clock_that_was_set_back_keeps_nobody_out(worker: Supervised) -> None:
    for _ in range(5):
        worker.life(4.0)
    worker.now_s -= 3_600
    assert worker.life(4.0) == 0


@pytest.mark.parametrize("content", [b"", b"x", b"1", b"5 x", b"\xff", b"1 2 3"])
def test_what_is_no_count_is_none(worker: Supervised, content: bytes) -> None:
    worker.path.write_bytes(content)
    assert worker.life(4.0) == 0


def test_where_nothing_can_be_written_nobody_is_kept_out(
    worker: Supervised, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.life(4.0)

    def refused(*_: object, **__: object) -> None:
        raise OSError(30, os.strerror(30))

    monkeypatch.setattr(Path, "write_text", refused)
    monkeypatch.setattr(Path, "unlink", refused)
    assert [worker.life(4.0, ends_on_purpose=True) for _ in range(5)] == [0] * 5
