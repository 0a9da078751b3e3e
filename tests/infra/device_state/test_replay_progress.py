from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from infra.device_state.replay_progress import ReplayProgress, ReplayProgressError

if TYPE_CHECKING:
    from pathlib import Path


def test_each_loop_of_a_session_is_as_far_as_it_was_sent(tmp_path: Path) -> None:
    progress = ReplayProgress(tmp_path)
    progress.note("glasses", "s", 0, 30.0)
    progress.note("glasses", "s", 1, 5.0)
    progress.note("glasses-2", "s", 0, 7.0)
    again = ReplayProgress(tmp_path)
    assert [again.done_s("glasses", "s", loop) for loop in (0, 1, 2)] == [30.0, 5.0, 0.0]
    assert again.done_s("glasses", "other", 0) == 0.0
    assert again.forget_device("glasses") == 2
    left = ReplayProgress(tmp_path)
    assert left.done_s("glasses", "s", 0) == 0.0
    assert left.done_s("glasses-2", "s", 0) == 7.0


@pytest.mark.parametrize("text", ["", "{", '["s"]', '{"glasses/s/0": "much"}'])
def test_a_file_of_something_else_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "replay.json").write_text(text)
    with pytest.raises(ReplayProgressError, match=r"replay\.json holds no progress of replays"):
        ReplayProgress(tmp_path)


def test_replays_at_once_keep_what_the_others_noted(tmp_path: Path) -> None:
    one, other = ReplayProgress(tmp_path), ReplayProgress(tmp_path)
    one.note("glasses", "s", 0, 30.0)
    other.note("phone", "s", 0, 7.0)
    one.note("glasses", "s", 0, 60.0)
    again = ReplayProgress(tmp_path)
    assert again.done_s("glasses", "s", 0) == 60.0
    assert again.done_s("phone", "s", 0) == 7.0
    again.forget_device("phone")
    one.note("glasses", "s", 1, 5.0)
    assert ReplayProgress(tmp_path).done_s("phone", "s", 0) == 0.0


def test_notes_of_many_threads_are_all_there(tmp_path: Path) -> None:
    def replay(number: int) -> None:
        progress = ReplayProgress(tmp_path)
        for loop in range(20):
            progress.note(f"glasses-{number}", "s", loop, 1.0)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(replay, range(4)))
    progress = ReplayProgress(tmp_path)
    assert all(progress.done_s(f"glasses-{n}", "s", loop) for n in range(4) for loop in range(20))
