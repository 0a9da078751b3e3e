"""The brokers and the store of one run, with data in a temporary folder."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measuring.cpu import cpu_time
from bench.subjects.subject import own_settings
from infra.errors import ServiceError
from infra.local.broker_embedded import EmbeddedBroker
from infra.local.embedded import Running, record
from infra.local.kafka.server import ApacheKafka
from infra.local.redis_embedded import EmbeddedRedis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.service import Service
    from infra.settings import Settings

KAFKA = "kafka"
EMBEDDED = "embedded"


@dataclass(frozen=True)
class Services:
    """Brokers by name, the store, and the reasons for skipped brokers."""

    run_dir: Path
    brokers: dict[str, Service]
    store: EmbeddedRedis
    skipped: dict[str, str]

    @property
    def main(self) -> str:
        """The main broker: Apache Kafka if available."""
        return KAFKA if KAFKA in self.brokers else EMBEDDED

    def settings(
        self, name: str, partitions: int, broker: str | None = None, **own: object
    ) -> Settings:
        """Return a subject's settings on a broker (default `main`) and the store.

        `own` are other settings by name.
        """
        broker = broker or self.main
        url = self.brokers[broker].url
        settings = own_settings(name, url, self.store.url, self.run_dir, partitions, **own)
        if broker == EMBEDDED:
            # By this record a worker knows the broker that it otherwise starts itself.
            record(settings.run_dir, Running(url, None, os.getpid(), broker_life=name))
        return settings

    def cpu_s(self) -> dict[str, float]:
        """Return the CPU seconds of each service so far."""
        services = {**self.brokers, "store": self.store}
        return {
            name: cpu_time([service.pid]).total_s
            for name, service in services.items()
            if service.pid is not None
        }

    def disk_bytes(self, topic: str) -> int:
        """Return the size of a topic's log on disk, bytes; 0 without Apache Kafka."""
        if KAFKA not in self.brokers:
            return 0
        folders = (self.run_dir / "kafka" / "data").glob(f"{topic}-*")
        return sum(f.stat().st_size for folder in folders for f in folder.glob("*.log"))


@contextmanager
def services() -> Iterator[Services]:
    """Start the embedded broker, the store, and Apache Kafka if available."""
    with tempfile.TemporaryDirectory(prefix="egolog-bench-") as folder, ExitStack() as stack:
        run_dir = Path(folder)
        brokers: dict[str, Service] = {EMBEDDED: stack.enter_context(EmbeddedBroker(run_dir))}
        skipped: dict[str, str] = {}
        try:
            brokers[KAFKA] = stack.enter_context(ApacheKafka(run_dir))
        except ServiceError as error:
            skipped[KAFKA] = str(error)
        store = stack.enter_context(EmbeddedRedis(run_dir))
        yield Services(run_dir, brokers, store, skipped)
