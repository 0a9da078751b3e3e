"""Apache Kafka and Redis that can be killed, frozen and emptied, with proxies in front of them."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.faults.cluster import Cluster, cluster_settings
from bench.faults.proxy import Proxy
from infra.local.kafka.server import ApacheKafka
from infra.local.probe import LOOPBACK, free_port
from infra.local.process import wait_until_gone
from infra.local.redis_embedded import FOLDER, EmbeddedRedis, discard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from infra.local.service import Service


_COPY = "redis.copy"
_SHUTS_DOWN_S = 60.0


class ProxiedKafka(ApacheKafka):
    """A node with a second listener that advertises the proxy's port."""

    def __init__(self, run_dir: Path) -> None:
        super().__init__(run_dir, free_port())
        self.second_port = free_port()
        self.proxy_port = self.second_port

    def _configure(self, port: int) -> Path:
        path = super()._configure(port)
        lines = dict(line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines())
        lines["listeners"] += f",PROXIED://{LOOPBACK}:{self.second_port}"
        lines["advertised.listeners"] += f",PROXIED://{LOOPBACK}:{self.proxy_port}"
        lines["listener.security.protocol.map"] += ",PROXIED:PLAINTEXT"
        text = "".join(f"{name}={value}\n" for name, value in lines.items())
        path.write_text(text, encoding="utf-8")
        return path


@dataclass
class Breakable:
    """A service that faults kill or freeze; it restarts on the same port."""

    service: Service

    @property
    def runs(self) -> bool:
        """Whether it is running."""
        pid = self.service.pid
        return pid is not None and not wait_until_gone(pid, within_s=0.0)

    def kill(self) -> None:
        """Send SIGKILL and wait for the exit."""
        pid = self.service.pid
        if pid is not None and self.runs:
            os.kill(pid, signal.SIGKILL)
            wait_until_gone(pid, within_s=10.0)
        self.service.stop()

    def start(self) -> None:
        """Restart it on its data."""
        self.service.start()

    def freeze(self) -> None:
        """Send SIGSTOP."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Send SIGCONT."""
        self._signal(signal.SIGCONT)

    def shut_down(self) -> None:
        """Stop it in its own time, as a supervisor does."""
        self.service.stop(_SHUTS_DOWN_S)

    async def be_away(self, seconds: float) -> None:
        """Kill it, and restart it after `seconds`."""
        self.kill()
        await asyncio.sleep(seconds)
        self.start()

    async def be_frozen(self, seconds: float) -> None:
        """Freeze it for `seconds`."""
        self.freeze()
        await asyncio.sleep(seconds)
        self.thaw()

    def _signal(self, number: int) -> None:
        if self.service.pid is not None:
            os.kill(self.service.pid, number)


@dataclass
class BrokenServices:
    """Kafka, Redis, and the proxies between them and the first worker.

    Of a cluster of brokers, `brokers` are its nodes, by their ids from 1. `own_settings` are those
    that workers have for these services.
    """

    kafka: Breakable
    store: Breakable
    store_folder: Path
    kafka_url: str
    redis_url: str
    kafka_link: Proxy
    store_link: Proxy
    brokers: tuple[Breakable, ...] = ()
    own_settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def first_worker(self) -> dict[str, object]:
        """The settings by which the first worker connects through the proxies."""
        store: dict[str, object] = {"redis_url": f"redis://{LOOPBACK}:{self.store_link.port}/0"}
        if self.brokers:
            # A node advertises its own address, so a proxy would carry the first requests alone.
            return store
        return {"broker_url": f"kafka://{LOOPBACK}:{self.kafka_link.port}", **store}

    @property
    def links(self) -> tuple[Proxy, Proxy]:
        """The first worker's proxies to broker and store."""
        return self.kafka_link, self.store_link

    def empty_store(self) -> None:
        """Remove the store's data while it is down."""
        discard(self.store_folder)

    def copy_store(self) -> None:
        """Copy what the store has on disk, as a replica that has nothing later."""
        data = self.store_folder / FOLDER
        shutil.copytree(data, data.with_name(_COPY), dirs_exist_ok=False)

    def put_copy_back(self) -> None:
        """Replace the store's data by the copy while it is down."""
        discard(self.store_folder)
        data = self.store_folder / FOLDER
        data.with_name(_COPY).rename(data)


@contextmanager
def broken_services(run_dir: Path, *, cluster: bool = False) -> Iterator[BrokenServices]:
    """Start both services and the proxies; raises `ServiceError`.

    With `cluster` there are three brokers, whose topics have as many replicas.
    """
    with ExitStack() as stack:
        node: Cluster | ProxiedKafka
        node = Cluster(run_dir) if cluster else ProxiedKafka(run_dir)
        kafka_link = stack.enter_context(Proxy(node.second_port))
        node.proxy_port = kafka_link.port
        stack.callback(node.stop)
        kafka_url = node.start()
        nodes = node.nodes if isinstance(node, Cluster) else ()
        store_port = free_port()
        store = EmbeddedRedis(run_dir, store_port)
        stack.callback(store.stop)
        redis_url = store.start()
        store_link = stack.enter_context(Proxy(store_port))
        yield BrokenServices(
            Breakable(node),
            Breakable(store),
            run_dir,
            kafka_url,
            redis_url,
            kafka_link,
            store_link,
            tuple(map(Breakable, nodes)),
            cluster_settings(len(nodes)) if nodes else {},
        )
