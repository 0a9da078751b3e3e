"""One Apache Kafka node (KRaft: broker and controller in one process) on loopback."""

from __future__ import annotations

import base64
import os
import subprocess
import uuid
from pathlib import Path

from infra.errors import ServiceError
from infra.local.kafka.jars import resolve_jars
from infra.local.kafka.java import find_java
from infra.local.probe import LOOPBACK, free_port, kafka_answers
from infra.local.process import ChildProcess, tail, telling_line
from infra.local.service import Service

START_TIMEOUT_S = 120.0
FORMAT_TIMEOUT_S = 120.0
# Log messages of LogManager and UnifiedLog while they recover logs after an unclean shutdown.
_RECOVERS = ("ecovering", "Loading producer state", "logs are not clean", "unclean shutdown")
LOGGING = Path(__file__).parent / "log4j2.xml"
# Java encodes the names of files by the locale, and refuses those that it cannot encode.
_UTF_8 = {"LC_ALL": "C.UTF-8"}

# One node, so internal topics have one replica, and groups need not wait for more members. After a
# kill the node serves only when the controller's old session with it has timed out: after 4 s, not
# the default 9 s. The log cleaner's default buffer (128 MB) would be a quarter of this heap. Topics
# are created by us with our number of partitions, never by a consumer's request.
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
message.max.bytes=5242880
replica.fetch.max.bytes=5242880
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
"""


class Recovery:
    """Detects that a node is still recovering its logs after an unclean shutdown."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._size = 0

    def goes_on(self) -> bool:
        """Return whether the log has grown since the last call and is about recovery."""
        try:
            size, log_end = self._log.stat().st_size, tail(self._log)
        except OSError:
            return False
        grown, self._size = size > self._size, size
        return grown and any(word in log_end for word in _RECOVERS)


class ApacheKafka(Service):
    """A node with a persistent data folder, `run_dir/kafka/data`.

    A context manager that returns its URL. Without `tied` the node outlives this process.
    """

    def __init__(
        self, run_dir: Path, port: int | None = None, *, libs: Path | None = None, tied: bool = True
    ) -> None:
        self.folder = run_dir.absolute() / "kafka"
        self._port = port
        self._libs = libs
        self._tied = tied
        self.cluster_id = new_cluster_id()

    @property
    def log(self) -> Path:
        """The node's log file."""
        return self.folder / "kafka.log"

    def start(self) -> str:
        """Start the node and return `kafka://127.0.0.1:PORT`; raises `ServiceError`."""
        java = find_java()
        libs = resolve_jars(self._libs)
        port = self._port or free_port()
        properties = self._configure(port)
        run = [
            *(str(java), "-Xms128m", "-Xmx512m", "-XX:+UseSerialGC"),
            f"-Dlog4j2.configurationFile={LOGGING}",
            *("-cp", f"{libs}/*"),
        ]
        self._format([*run, "kafka.tools.StorageTool", "format"], properties)
        child = ChildProcess(
            "apache kafka",
            [*run, "kafka.Kafka", properties],
            port=port,
            log=self.log,
            env=_UTF_8,
            cwd=self.folder,
            tied=self._tied,
        )
        child.start(lambda: self._answers(port), START_TIMEOUT_S, Recovery(self.log).goes_on)
        self._child = child
        return f"kafka://{LOOPBACK}:{port}"

    def detach(self) -> int:
        """Leave an untied node running after this process; return its pid."""
        if self._child is None:
            raise ServiceError("apache kafka is not running")
        return self._child.detach()

    def kill(self) -> None:
        """Kill the node at once, as a power cut would."""
        self.stop(grace_s=0.0)

    def _answers(self, port: int) -> bool:
        return kafka_answers(port)

    def _configure(self, port: int) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = self.folder / "server.properties"
        text = _PROPERTIES.format(
            host=LOOPBACK,
            port=port,
            controller=free_port(),
            data=property_value(self.folder / "data"),
        )
        properties.write_text(text, encoding="utf-8")
        return properties

    def _format(self, command: list[str], properties: Path) -> None:
        if (self.folder / "data" / "meta.properties").is_file():
            return
        try:
            done = subprocess.run(
                [*command, "--cluster-id", self.cluster_id, "--config", str(properties)],
                capture_output=True,
                text=True,
                env={**os.environ, **_UTF_8},
                timeout=FORMAT_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ServiceError(
                f"apache kafka's data folder is not formatted after {FORMAT_TIMEOUT_S:g} s: "
                "is the machine overloaded?"
            ) from error
        if done.returncode != 0:
            raise ServiceError(
                "apache kafka's data folder cannot be formatted: it said "
                f"{telling_line(done.stdout + done.stderr)!r}"
            )


def property_value(path: Path) -> str:
    """Return a path as Java reads it from a properties file, which is Latin-1 with escapes."""
    utf_16 = str(path).replace("\\", "\\\\").encode("utf-16-be")
    units = (int.from_bytes(utf_16[i : i + 2]) for i in range(0, len(utf_16), 2))
    return "".join(chr(unit) if unit < 0x80 else f"\\u{unit:04x}" for unit in units)


def new_cluster_id() -> str:
    """Return an id for the data folders of the nodes of one cluster."""
    text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # The tool would take a leading dash as an option.
    return text.replace("-", "_")
