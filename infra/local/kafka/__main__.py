"""`python -m infra.local.kafka start|stop|status`: Apache Kafka for a checkout."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from infra.disk import unusable_file
from infra.errors import ServiceError
from infra.local.kafka.server import ApacheKafka
from infra.local.probe import kafka_answers
from infra.local.process import command_line, wait_until_gone
from schemas.interruption import one_line_interruptions

if TYPE_CHECKING:
    from collections.abc import Sequence

STOP_GRACE_S = 20.0
NOT_RUNNING = 3


@dataclass(frozen=True)
class Record:
    """The node that runs for a run folder."""

    pid: int
    port: int

    @property
    def url(self) -> str:
        """Its `broker_url`."""
        return f"kafka://127.0.0.1:{self.port}"


_RECORD = TypeAdapter(Record)


@one_line_interruptions
def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; errors are one line on stderr and status 1."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.kafka",
        description="Start, stop or check Apache Kafka, one KRaft node on loopback. "
        "Requires Java 17 or later; Maven downloads the jars on first use.",
    )
    parser.add_argument("command", choices=["start", "stop", "status"], help="what to do")
    parser.add_argument("--port", type=int, default=9092, help="port to listen on (default 9092)")
    parser.add_argument(
        "--run-dir", type=Path, default=Path(".run"), help="folder for data and log (default .run)"
    )
    options = parser.parse_args(arguments)
    try:
        if options.command == "start":
            return start(options.run_dir, options.port)
        return stop(options.run_dir) if options.command == "stop" else status(options.run_dir)
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(unusable_file(error), file=sys.stderr)
        return 1


def start(run_dir: Path, port: int) -> int:
    """Start the node unless it is running."""
    record = _read_record(run_dir)
    if record is None:
        kafka = ApacheKafka(run_dir, port, tied=False)
        kafka.start()
        record = Record(kafka.detach(), port)
        _path(run_dir).write_bytes(_RECORD.dump_json(record))
    print(f"apache kafka runs (pid {record.pid}): EGOLOG_BROKER_URL={record.url}")
    return 0


def stop(run_dir: Path) -> int:
    """Stop the node if it is running; its data stays."""
    record = _read_record(run_dir)
    if record is None:
        print("apache kafka does not run")
        return 0
    os.kill(record.pid, signal.SIGTERM)
    if not wait_until_gone(record.pid, STOP_GRACE_S):
        os.kill(record.pid, signal.SIGKILL)
        wait_until_gone(record.pid, STOP_GRACE_S)
    _path(run_dir).unlink(missing_ok=True)
    print("apache kafka stopped")
    return 0


def status(run_dir: Path) -> int:
    """Print whether the node is running; exit status 3 if not, as for init scripts."""
    record = _read_record(run_dir)
    if record is None:
        print("apache kafka does not run")
        return NOT_RUNNING
    answers = "answers" if kafka_answers(record.port) else "does not answer"
    print(f"apache kafka runs (pid {record.pid}) and {answers}: {record.url}")
    return 0


def _path(run_dir: Path) -> Path:
    return run_dir / "kafka" / "kafka.json"


def _read_record(run_dir: Path) -> Record | None:
    with suppress(OSError, ValueError):
        record = _RECORD.validate_json(_path(run_dir).read_bytes())
        return record if _is_kafka(record.pid) else None
    return None


def _is_kafka(pid: int) -> bool:
    # After a reboot the pid may belong to another program, which must not be signalled.
    return "kafka.Kafka" in command_line(pid)


if __name__ == "__main__":
    sys.exit(main())
