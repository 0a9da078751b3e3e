"""A whole worker on services that are secured: TLS, logins, certificates, rules.

The worker may do what a worker needs and nothing else, and who sends the frames may only do that.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from infra.broker import acls, topic_creation
from infra.broker.topic_reader import read_letters
from infra.local.probe import free_port
from streams.producers.recordings import open_recordings
from streams.producers.replay import Replay, ReplayOptions
from tests.infra.redis.guarded_server import USER, GuardedServer, guarded_redis
from tests.pipeline.running import Worker

if TYPE_CHECKING:
    from pathlib import Path

    from infra.settings import Settings
    from tests.secure_kafka import SecureKafka

__all__ = ["guarded_redis"]


@pytest.mark.pipeline
@pytest.mark.timeout(600)
@pytest.mark.parametrize("login", ["SCRAM-SHA-512", "certificate"])
async def test_a_recording_is_logged_over_connections_that_are_all_secured(
    secure_kafka: SecureKafka, guarded_redis: GuardedServer, tmp_path: Path, login: str
) -> None:
    name = f"secure-{uuid4().hex[:8]}"
    fields: dict[str, Any] = {
        **guarded_redis.tls,
        **USER,
        "app_id": name,
        "topic_prefix": f"{name}.",
        "topic_partitions": 2,
        "run_dir": tmp_path / "run",
        "web_port": free_port(),
        "inference_threads": 1,
    }

    def of(role: str) -> Settings:
        if login == "certificate":
            return secure_kafka.settings_with_certificate(role, **fields)
        return secure_kafka.settings(broker_sasl=login, broker_username=role, **fields)

    admin = secure_kafka.settings(**fields)
    await topic_creation.create(admin)
    who = acls.principals(admin, [f"{role}={role}" for role in acls.ROLES])
    await acls.apply(admin, acls.acls(admin, who))
    with Worker(of("worker")) as worker:
        recordings = open_recordings("simulated:11:1")
        await Replay(of("device"), ReplayOptions(speed=None)).run(recordings)
        whole = [(2, 12)]
        await asyncio.to_thread(worker.wait_until, lambda: [*worker.counts().values()] == whole)
        assert not await read_letters(of("operator"))
        assert worker.command("labels", "list")
        assert "hunter2" not in worker.output()
