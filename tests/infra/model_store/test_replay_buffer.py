from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from unittest import mock

import pytest

from infra.errors import ReplayBufferError
from infra.model_store.replay_buffer import TRUSTED_COUNTS, ReplayBuffer, buffer_path

ENCODERS = "e" * 12


def item(
    window: int, message: bytes = b"named", encoders: str = ENCODERS
) -> tuple[str, str, bytes]:
    return f"window-{window}", encoders, message


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return buffer_path(tmp_path)


def test_a_window_is_one_item_however_often_it_comes(path: Path) -> None:
    with ReplayBuffer(path, 10) as buffer:
        assert buffer.put([item(1), item(2)]) == 2
        buffer.mark_learned(buffer.newest)
        assert buffer.put([item(1), item(2)]) == 0
        assert (len(buffer), buffer.fresh) == (2, 0)
        assert buffer.put([item(1, b"named otherwise")]) == 1
        assert (len(buffer), buffer.fresh) == (2, 1)
        assert buffer.messages(buffer.newest) == [b"named", b"named otherwise"]


def test_beyond_its_size_the_oldest_go(path: Path) -> None:
    with ReplayBuffer(path, 3) as buffer:
        buffer.put([item(n, b"%d" % n) for n in range(5)])
        buffer.put([item(7, b"7")])
        assert buffer.messages(buffer.newest) == [b"3", b"4", b"7"]
        assert (len(buffer), buffer.fresh) == (3, 3)


def test_a_restart_goes_on_where_it_was(path: Path) -> None:
    with ReplayBuffer(path, 10) as buffer:
        buffer.put([item(1), item(2), item(3)])
        buffer.mark_learned(2)
        buffer.pend(b"update", 3)
    with ReplayBuffer(path, 10) as buffer:
        assert (len(buffer), buffer.fresh, buffer.pending) == (3, 1, (b"update", 3))
        buffer.mark_learned(3)
        assert (buffer.fresh, buffer.pending) == (0, None)
    with ReplayBuffer(path, 2) as buffer:
        assert buffer.fresh == 0
        buffer.put([item(4)])
        assert (len(buffer), buffer.fresh) == (2, 1)


def test_what_came_while_a_run_learned_is_fresh_afterwards(path: Path) -> None:
    with ReplayBuffer(path, 10) as buffer:
        buffer.put([item(1), item(2)])
        up_to = buffer.newest
        buffer.put([item(3), item(1, b"again")])
        assert len(buffer.messages(up_to)) == 1
        buffer.mark_learned(up_to)
        assert buffer.fresh == 2


def test_items_of_other_encoders_are_dropped_and_counted(path: Path) -> None:
    with ReplayBuffer(path, 10) as buffer:
        buffer.put([item(1), item(2, encoders="f" * 12), item(3, encoders="f" * 12)])
        assert buffer.forget_other(ENCODERS) == 2
        assert len(buffer) == 1


def test_what_a_wearer_said_stands_beside_what_others_guess(path: Path) -> None:
    with ReplayBuffer(path, 2) as buffer:
        assert buffer.put([item(1, b"wearer's")], trusted=True) == 1
        assert buffer.put([item(n, b"%d" % n) for n in range(5)]) == 5
        # Beyond its size the oldest guesses go, and no word of a wearer.
        assert buffer.messages(buffer.newest) == [b"wearer's", b"3", b"4"]
        assert buffer.fresh == 2 + TRUSTED_COUNTS
        assert buffer.put([item(1, b"wearer's")], trusted=True) == 0
        assert buffer.take_back(["window-1", "window-4"]) == 1
        assert buffer.messages(buffer.newest) == [b"3", b"4"]


def test_a_buffer_of_the_release_before_is_read_on(path: Path) -> None:
    path.parent.mkdir()
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(
        "CREATE TABLE items (number INTEGER PRIMARY KEY AUTOINCREMENT, window TEXT UNIQUE NOT NULL,"
        " encoders TEXT NOT NULL, message BLOB NOT NULL);"
        "CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), learned INTEGER NOT NULL,"
        " pending BLOB, pending_learned INTEGER);"
        "INSERT INTO state VALUES (1, 1, NULL, NULL); PRAGMA user_version = 1;"
        f"INSERT INTO items VALUES (1, 'window-1', '{ENCODERS}', x'61');"
        f"INSERT INTO items VALUES (2, 'window-2', '{ENCODERS}', x'62');"
    )
    db.close()
    with ReplayBuffer(path, 10) as buffer:
        assert (buffer.messages(buffer.newest), buffer.fresh) == ([b"a", b"b"], 1)
        buffer.put([item(2, b"said")], trusted=True)
        assert buffer.fresh == 1 + TRUSTED_COUNTS


def test_two_processes_may_have_it_open(path: Path) -> None:
    with ReplayBuffer(path, 10) as writes:
        writes.put([item(1)])
        with ReplayBuffer(path, 10) as reads:
            assert reads.messages(1) == [b"named"]
            writes.put([item(2)])
            assert len(reads) == 2


def test_a_write_that_fails_changes_nothing(path: Path) -> None:
    with ReplayBuffer(path, 10) as buffer:
        buffer.put([item(1)])
        with pytest.raises(ReplayBufferError, match="cannot be written"):
            buffer.put([item(2), ("window-3", None, b"no encoders")])  # type: ignore[list-item]
        assert len(buffer) == 1
        assert buffer.put([item(2)]) == 1


def test_a_full_disk_is_no_reason_to_move_a_buffer_away(path: Path) -> None:
    with ReplayBuffer(path, 10) as buffer:
        pages = buffer._db.execute("PRAGMA page_count").fetchone()[0]
        buffer._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(ReplayBufferError, match=r"full.*: expected room on its disk"):
            buffer.put([item(1, bytes(100_000))])
        with pytest.raises(ReplayBufferError, match=r"cannot be read .*full.*: make room on its d"):
            buffer._one(
                "INSERT INTO items (window, encoders, message) VALUES ('w', 'e', zeroblob(100000)) "
                "RETURNING 1"
            )
    full = OSError(errno.ENOSPC, "no space left on device", str(path.parent))
    with (
        mock.patch.object(Path, "mkdir", side_effect=full),
        pytest.raises(ReplayBufferError, match=r"cannot be used .*: make room on its disk"),
    ):
        ReplayBuffer(path, 10)


def test_a_file_that_is_no_buffer_or_a_newer_one_is_refused_in_one_line(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database" * 100)
    with pytest.raises(ReplayBufferError, match="move it away to begin a new one"):
        ReplayBuffer(path, 10)
    path.unlink()
    with ReplayBuffer(path, 10) as buffer:
        buffer._db.execute("PRAGMA user_version = 9")
    with pytest.raises(ReplayBufferError, match="has format 9, this program's is 3"):
        ReplayBuffer(path, 10)


def test_a_file_that_is_damaged_inside_is_refused_in_one_line_whoever_reads_it(path: Path) -> None:
    with ReplayBuffer(path, 9) as buffer:
        buffer.put([item(number, bytes(9_000)) for number in range(3)])
    data = bytearray(path.read_bytes())
    # Past the first page, which names the tables.
    data[4_096:] = b"\xff" * (len(data) - 4_096)
    path.write_bytes(data)
    with ReplayBuffer(path, 9) as buffer:
        for read in (
            lambda: len(buffer),
            lambda: buffer.newest,
            lambda: buffer.fresh,
            lambda: buffer.messages(9),
            lambda: buffer.pending,
            lambda: buffer.put([item(4)]),
            lambda: buffer.forget_device("d"),
        ):
            with pytest.raises(ReplayBufferError, match=r"move it away|no other program"):
                read()


def test_an_erasure_takes_what_does_not_come_after_it(path: Path) -> None:
    with ReplayBuffer(path, 10) as buffer:
        names = ("d/1", "d/2", "d/3", "other/1")
        items = [(name, ENCODERS, name.encode()) for name in names]
        buffer.put(items, after_ms={"d/2": 999, "d/3": 1_000})
        assert buffer.forget_device("d", 1_000) == 2
        assert buffer.messages(buffer.newest) == [b"d/3", b"other/1"]
        assert buffer.forget_device("d", 1_000) == 0
        assert buffer.forget_device("d") == 1
