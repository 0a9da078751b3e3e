"""The embedded Redis on loopback, which stores the log in the run folder."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.errors import ServiceError
from infra.local.file_lock import try_lock
from infra.local.probe import LOOPBACK, redis_answers
from infra.local.redis_program import RedisProgram, check_readable, find_redis
from infra.local.service import EmbeddedService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = "redis"
_LOCK = "redis.lock"
# A killed server may leave a child that is still compacting the file.
_LOCK_TIMEOUT_S = 5.0
_POLL_S = 0.05
# A record is acknowledged to the broker as soon as the store has answered, and is not read again.
# With `everysec` a server on a slow disk may answer up to two seconds before it writes; with
# `always` whatever it has acknowledged survives kill -9 and a power cut.
_ON_DISK = ("--save", "", "--appendonly", "yes", "--appendfsync", "always")


class EmbeddedRedis(EmbeddedService):
    """A Redis for one process and its children; a context manager that returns its URL.

    Its data persists in `run_dir/redis`.
    """

    name = "embedded redis"
    log_name = "redis.log"
    # It answers only after loading its data.
    start_timeout_s = 120.0

    def __init__(self, run_dir: Path, port: int | None = None) -> None:
        super().__init__(run_dir, port)
        self.folder = self.run_dir / FOLDER
        self._program: RedisProgram | None = None

    def start(self) -> str:
        """Start the server and return `redis://127.0.0.1:PORT/0`; raises `ServiceError`."""
        self._program = find_redis()
        self.limits = None
        if not self._program.durable:
            self.limits = (
                "the embedded store is fakeredis, slow and in memory until this process ends: a "
                "redis-server or valkey-server on PATH keeps the log in the run folder"
            )
            return super().start()
        with _lock(self.folder) as lock:
            check_readable(self._program, self.folder)
            url = self._start_in(self.folder, inherit=(lock,))
            os.truncate(lock, 0)
            os.pwrite(lock, str(self.pid).encode(), 0)
        return url

    def command(self, port: int) -> list[str]:
        """Return the server and its arguments."""
        program = self._program or find_redis()
        if not program.durable:
            return [*program.command, str(port)]
        return [*program.command, "--port", str(port), "--bind", LOOPBACK, *_ON_DISK]

    def answers(self, port: int) -> bool:
        """Return whether it serves on `port`."""
        return redis_answers(port)

    def address(self, port: int) -> str:
        """Return `redis://127.0.0.1:PORT/0`."""
        return f"redis://{LOOPBACK}:{port}/0"


def discard(run_dir: Path) -> None:
    """Remove an embedded Redis's data; raises `ServiceError` while a server uses it."""
    folder = run_dir.absolute() / FOLDER
    if folder.exists():
        with _lock(folder):
            shutil.rmtree(folder)


@contextmanager
def _lock(folder: Path) -> Iterator[int]:
    """Lock the folder against other servers; a child that inherits the descriptor keeps the lock.

    Otherwise a server that outlived its owner could write to the same files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder.parent / _LOCK
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        deadline = time.monotonic() + _LOCK_TIMEOUT_S
        while not try_lock(lock, path):
            if time.monotonic() > deadline:
                pid = os.pread(lock, 32, 0).decode("ascii", "replace") or "unknown"
                raise ServiceError(
                    f"embedded redis cannot use {folder}: another one (pid {pid}) runs on it; end "
                    "it, or set EGOLOG_RUN_DIR to another folder"
                )
            time.sleep(_POLL_S)
        yield lock
    finally:
        os.close(lock)
