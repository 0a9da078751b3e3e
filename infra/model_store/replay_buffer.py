"""The fine-tuner's replay buffer: the newest labelled windows, one row each, in an SQLite file.

The file also records which items were already learned from, and an update that is about to be
published, so that after a crash fine-tuning resumes and publishes the update exactly once.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.disk import full_disk
from infra.errors import ReplayBufferError
from infra.redis.erasure_marks import NO_ERASURES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

FORMAT = 3
FINETUNE_FOLDER = "finetune"
"""The fine-tuner's folder in the run folder."""
TRUSTED_COUNTS = 10
"""How many other windows one window labelled by its wearer counts for in `fresh`."""

_FILE = "replay.sqlite"
_TABLES = """
CREATE TABLE items (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    window TEXT UNIQUE NOT NULL,
    encoders TEXT NOT NULL,
    message BLOB NOT NULL,
    trusted INTEGER NOT NULL DEFAULT 0,
    after_ms INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), learned INTEGER NOT NULL,
    pending BLOB, pending_learned INTEGER);
INSERT INTO state VALUES (1, 0, NULL, NULL);
"""
_FROM_1_TO_2 = "ALTER TABLE items ADD COLUMN trusted INTEGER NOT NULL DEFAULT 0;"
_FROM_2_TO_3 = "ALTER TABLE items ADD COLUMN after_ms INTEGER NOT NULL DEFAULT 0;"
_UPGRADES = {1: _FROM_1_TO_2 + _FROM_2_TO_3, 2: _FROM_2_TO_3}


def buffer_path(run_dir: Path) -> Path:
    """Return the path of the replay buffer in a run folder."""
    return run_dir / FINETUNE_FOLDER / _FILE


class ReplayBuffer:
    """At most `most` messages in the SQLite file `path`, one per window; a context manager.

    A new message for a known window replaces the old one and counts as new, unless it is identical.
    Beyond `most` the oldest are dropped. Trusted messages, which carry a wearer's own labels, are
    stored separately, with their own limit of `most`. Writes are on disk when a method returns.
    Raises `ReplayBufferError` if the file cannot be used.
    """

    def __init__(self, path: Path, most: int) -> None:
        self.path = path
        self._most = most
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            try:
                self._open()
            except BaseException:
                self._db.close()
                raise
        except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
            raise ReplayBufferError(
                f"replay buffer {path} cannot be used ({error}): {_remedy(error)}"
            ) from error

    def put(
        self,
        items: Sequence[tuple[str, str, bytes]],
        *,
        trusted: bool = False,
        after_ms: Mapping[str, int] = NO_ERASURES,
    ) -> int:
        """Store (window id, encoders, message) items; return how many are new.

        `after_ms` is the erasure of its device that a window comes after, 0 if it is left out.
        """
        new = 0
        with self._transaction() as db:
            for name, encoders, message in items:
                window = _key(name, trusted)
                known = db.execute("SELECT message FROM items WHERE window = ?", (window,))
                if known.fetchone() == (message,):
                    # A duplicate delivery.
                    continue
                db.execute(
                    "INSERT OR REPLACE INTO items (window, encoders, message, trusted, after_ms) "
                    "VALUES (?, ?, ?, ?, ?)",
                    (window, encoders, message, trusted, after_ms.get(name, 0)),
                )
                new += 1
            db.execute(
                "DELETE FROM items WHERE trusted = ? AND number NOT IN "
                "(SELECT number FROM items WHERE trusted = ? ORDER BY number DESC LIMIT ?)",
                (trusted, trusted, self._most),
            )
        return new

    def take_back(self, windows: Sequence[str]) -> int:
        """Delete the trusted messages of windows; return how many there were."""
        with self._transaction() as db:
            return sum(
                db.execute("DELETE FROM items WHERE window = ?", (_key(each, True),)).rowcount
                for each in windows
            )

    def forget_other(self, encoders: str) -> int:
        """Delete the messages of other encoders; return how many there were."""
        with self._transaction() as db:
            return db.execute("DELETE FROM items WHERE encoders != ?", (encoders,)).rowcount

    def forget_device(self, device_id: str, before_ms: int | None = None) -> int:
        """Delete a device's messages, overwriting their bytes; return how many there were.

        With `before_ms`, the time of an erasure, only those that do not come after it.
        """
        limit = {} if before_ms is None else {"before_ms": before_ms}
        older = "" if before_ms is None else " AND after_ms < :before_ms"
        with self._readable():
            self._db.execute("PRAGMA secure_delete = ON")
        with self._transaction() as db:
            gone = db.execute(
                f"DELETE FROM items WHERE substr(window, 1, :length) = :prefix{older}",  # noqa: S608 - a constant
                {"length": len(device_id) + 1, "prefix": f"{device_id}/", **limit},
            ).rowcount
        # The write-ahead log still holds them until it is truncated.
        with self._readable():
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def __len__(self) -> int:
        return self._one("SELECT COUNT(*) FROM items")

    @property
    def newest(self) -> int:
        """Number of the newest message, 0 where there was none yet."""
        return self._one("SELECT COALESCE(MAX(number), 0) FROM items")

    @property
    def fresh(self) -> int:
        """How many messages were not learned from yet; a trusted one counts `TRUSTED_COUNTS`."""
        return self._one(
            f"SELECT COALESCE(SUM(CASE trusted WHEN 1 THEN {TRUSTED_COUNTS} ELSE 1 END), 0) "  # noqa: S608 - a constant
            "FROM items WHERE number > (SELECT learned FROM state)"
        )

    def messages(self, up_to: int) -> list[bytes]:
        """Return the messages up to the number `up_to`, the oldest first."""
        with self._readable():
            rows = self._db.execute(
                "SELECT message FROM items WHERE number <= ? ORDER BY number", (up_to,)
            )
            return [bytes(message) for (message,) in rows]

    def mark_learned(self, up_to: int) -> None:
        """Record that messages up to this number were learned from; clears the pending update."""
        with self._transaction() as db:
            db.execute(
                "UPDATE state SET learned = ?, pending = NULL, pending_learned = NULL", (up_to,)
            )

    def pend(self, update: bytes, up_to: int) -> None:
        """Store an update before it is published, learned from messages up to this number."""
        with self._transaction() as db:
            db.execute("UPDATE state SET pending = ?, pending_learned = ?", (update, up_to))

    @property
    def pending(self) -> tuple[bytes, int] | None:
        """The update that was about to be published, if its publication was not recorded."""
        with self._readable():
            row = self._db.execute("SELECT pending, pending_learned FROM state").fetchone()
            return None if row[0] is None else (bytes(row[0]), int(row[1]))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> ReplayBuffer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        version = self._one("PRAGMA user_version")
        if version == 0:
            self._db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {FORMAT}; COMMIT;")
        elif version in _UPGRADES:
            upgrade = _UPGRADES[version]
            self._db.executescript(f"BEGIN; {upgrade} PRAGMA user_version = {FORMAT}; COMMIT;")
        elif version != FORMAT:
            raise ReplayBufferError(
                f"replay buffer {self.path} has format {version}, this program's is {FORMAT}: "
                "move it away to begin a new one"
            )

    def _one(self, query: str) -> int:
        with self._readable():
            return int(self._db.execute(query).fetchone()[0])

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, TypeError, ValueError, OverflowError) as error:
            raise ReplayBufferError(
                f"replay buffer {self.path} cannot be read ({error}): {_remedy(error)}"
            ) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise ReplayBufferError(
                f"replay buffer {self.path} cannot be written ({error}): expected room on its "
                "disk, and no other program that uses it"
            ) from error


def _remedy(error: Exception) -> str:
    """Return what helps: a file that lacks room only is whole, and has what was learned from."""
    full = (
        full_disk(error) is not None
        if isinstance(error, OSError)
        else getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    )
    return "make room on its disk" if full else "move it away to begin a new one"


def _key(window: str, trusted: bool) -> str:
    # A suffix, so that `forget_device` finds both kinds by their prefix.
    return f"{window} wearer" if trusted else window
