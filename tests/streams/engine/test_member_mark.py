from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from infra import clock
from schemas.frames import NS
from streams.engine.member_mark import MemberMark

if TYPE_CHECKING:
    from pathlib import Path

SESSION_S = 6.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "member-6066"


def aged(path: Path, seconds: float) -> MemberMark:
    """The mark of a worker that renewed it last `seconds` ago."""
    path.touch()
    then = clock.now_ns() - int(seconds * NS)
    os.utime(path, ns=(then, then))
    return MemberMark(path, SESSION_S)


def test_a_worker_after_one_that_stopped_waits_for_nothing(path: Path) -> None:
    mark = aged(path, 0.0)
    mark.remove()
    assert mark.remaining_s() == 0.0
    mark.remove()


@pytest.mark.parametrize(
    ("seconds", "rest"), [(0.5, 5.5), (5.0, 1.0), (6.5, 0.0), (86_400.0, 0.0), (-60.0, 0.0)]
)
def test_a_worker_after_one_that_was_killed_waits_for_the_end_of_its_session(
    path: Path, seconds: float, rest: float
) -> None:
    assert aged(path, seconds).remaining_s() == pytest.approx(rest, abs=0.4)


async def test_a_worker_renews_its_mark(path: Path) -> None:
    mark = aged(path, 60.0)
    keeping = asyncio.create_task(mark.keep())
    while mark.remaining_s() == 0.0:
        await asyncio.sleep(0.01)
    keeping.cancel()
    assert mark.remaining_s() > SESSION_S / 2


async def test_a_folder_that_is_gone_ends_no_worker(tmp_path: Path) -> None:
    mark = MemberMark(tmp_path / "gone" / "member-6066", SESSION_S)
    keeping = asyncio.create_task(mark.keep())
    await asyncio.sleep(0.05)
    assert not keeping.done()
    keeping.cancel()
    assert mark.remaining_s() == 0.0
