"""Three Apache Kafka nodes on loopback, each broker and controller."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from infra.errors import NotAnsweringError
from infra.local.kafka.server import START_TIMEOUT_S, ApacheKafka
from infra.local.probe import LOOPBACK, free_port, kafka_answers
from infra.local.service import Service

if TYPE_CHECKING:
    from pathlib import Path

NODES = 3
FAILOVER_S = 30
_POLL_S = 0.05


class Node(ApacheKafka):
    """One node of several. `start` does not wait: none serves before a majority of them runs."""

    def __init__(self, run_dir: Path, number: int, controllers: dict[int, int]) -> None:
        self.port = free_port()
        super().__init__(run_dir, self.port)
        self._number = number
        self._controllers = controllers

    def _answers(self, port: int) -> bool:
        return port > 0

    def _configure(self, port: int) -> Path:
        path = super()._configure(port)
        lines = dict(line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines())
        own = self._controllers[self._number]
        nodes, confirmed_by = str(len(self._controllers)), str(len(self._controllers) - 1)
        lines |= {
            "node.id": str(self._number),
            "controller.quorum.voters": ",".join(
                f"{number}@{LOOPBACK}:{voter}" for number, voter in self._controllers.items()
            ),
            "listeners": f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{own}",
            "offsets.topic.replication.factor": nodes,
            "transaction.state.log.replication.factor": nodes,
            "transaction.state.log.min.isr": confirmed_by,
            # For the committed offsets too.
            "min.insync.replicas": confirmed_by,
        }
        text = "".join(f"{name}={value}\n" for name, value in lines.items())
        path.write_text(text, encoding="utf-8")
        return path


class Cluster(Service):
    """The nodes, started and stopped together."""

    def __init__(self, run_dir: Path) -> None:
        controllers = {number: free_port() for number in range(1, NODES + 1)}
        self.nodes = [Node(run_dir / f"kafka-{n}", n, controllers) for n in controllers]
        for node in self.nodes:
            node.cluster_id = self.nodes[0].cluster_id
        self.second_port = self.proxy_port = self.nodes[0].port

    def start(self) -> str:
        """Start all nodes and return their addresses once each serves; raises `ServiceError`."""
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            wait_until_serving(node)
        return "kafka://" + ",".join(f"{LOOPBACK}:{node.port}" for node in self.nodes)

    def stop(self, grace_s: float = 1.0) -> None:
        """Stop all nodes."""
        for node in self.nodes:
            node.stop(grace_s)


def cluster_settings(nodes: int) -> dict[str, object]:
    """Return the settings that docs/KAFKA.md asks for where brokers are replicas of each other."""
    return {"topic_replicas": nodes, "idle_timeout_s": FAILOVER_S}


def wait_until_serving(node: Node) -> None:
    """Return once a node serves; raises `NotAnsweringError`."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not kafka_answers(node.port):
        if time.monotonic() > deadline:
            raise NotAnsweringError(f"a broker does not answer: see {node.log}")
        time.sleep(_POLL_S)
