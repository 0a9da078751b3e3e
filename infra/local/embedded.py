"""Embedded services: start those that the settings ask for, or find those already running.

Their owner writes `embedded.json` into the run folder, where other commands find it. A record is
ignored if its owner is dead or its ports are closed.
"""

from __future__ import annotations

import json
import logging
import os
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from pydantic import Field, TypeAdapter

from infra.local.broker_embedded import EmbeddedBroker
from infra.local.file_lock import locked
from infra.local.probe import kafka_answers, redis_answers
from infra.local.redis_embedded import EmbeddedRedis
from infra.settings import EMBEDDED, Settings
from schemas.atomic_file import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from infra.local.service import EmbeddedService

RECORD = "embedded.json"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Running:
    """The running embedded services; a URL is None if that service is not embedded.

    `broker_life` identifies one run of the broker, which starts with empty topics each time.
    """

    broker_url: str | None
    redis_url: str | None
    pid: Annotated[int, Field(gt=0)]
    broker_life: str | None = None


_RECORD = TypeAdapter(Running)


class EmbeddedServices:
    """The embedded services that `settings` ask for, reused if running, else started.

    A context manager; it stops only what it started.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._broker: EmbeddedBroker | None = None
        self._redis: EmbeddedRedis | None = None

    def start(self) -> Settings:
        """Return the settings with real URLs; on a `ServiceError` nothing is left running."""
        settings = self._settings
        wanted = [n for n in ("broker_url", "redis_url") if getattr(settings, n) == EMBEDDED]
        if not wanted:
            return settings
        with locked(settings.run_dir / "embedded.lock"):
            try:
                return settings.model_copy(update=self._urls(wanted))
            except BaseException:
                self.stop()
                raise

    def stop(self) -> None:
        """Stop what was started here, and remove its record."""
        for service in (self._broker, self._redis):
            if service is not None:
                service.stop()
        if self._broker or self._redis:
            forget(self._settings.run_dir)
        self._broker = self._redis = None

    def __enter__(self) -> Settings:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _urls(self, wanted: list[str]) -> dict[str, str]:
        run_dir = self._settings.run_dir
        running = find_running(run_dir)
        urls: dict[str, str] = {}
        for name in wanted:
            address = getattr(running, name, None)
            urls[name] = address or self._start(name)
        if running is None:
            life = uuid.uuid4().hex[:12] if "broker_url" in urls else None
            addresses = urls.get("broker_url"), urls.get("redis_url")
            record(run_dir, Running(*addresses, os.getpid(), life))
        return urls

    def _start(self, name: str) -> str:
        run_dir = self._settings.run_dir
        service: EmbeddedService
        if name == "broker_url":
            service = self._broker = EmbeddedBroker(run_dir)
        else:
            service = self._redis = EmbeddedRedis(run_dir)
        address = service.start()
        if service.limits:
            log.warning("%s", service.limits)
        return address


def record(run_dir: Path, running: Running) -> None:
    """Write the record atomically."""
    write_atomically(run_dir / RECORD, json.dumps(asdict(running)) + "\n")


def forget(run_dir: Path) -> None:
    """Remove the record if this process owns it."""
    running = _read_record(run_dir)
    if running is not None and running.pid == os.getpid():
        (run_dir / RECORD).unlink(missing_ok=True)


def find_running(run_dir: Path) -> Running | None:
    """Return the running embedded services of this run folder, or None."""
    running = _read_record(run_dir)
    if running is None or not _alive(running.pid):
        return None
    if running.broker_url and not kafka_answers(_port(running.broker_url)):
        return None
    if running.redis_url and not redis_answers(_port(running.redis_url)):
        return None
    return running


def broker_life(settings: Settings) -> str | None:
    """Return the `broker_life` of the embedded broker at `broker_url`; None for Kafka."""
    running = find_running(settings.run_dir)
    if running is None or running.broker_url != settings.broker_url:
        return None
    return running.broker_life


def _read_record(run_dir: Path) -> Running | None:
    # Ignored if written by another version, or truncated by a full disk.
    with suppress(OSError, ValueError):
        return _RECORD.validate_json((run_dir / RECORD).read_bytes(), strict=True)
    return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _port(url: str) -> int:
    return urlsplit(url).port or 0
