"""A whole worker on Kafka with TLS and a login, and Redis with TLS, a user and a certificate."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from infra import topics
from infra.local.probe import free_port
from infra.topic_reader import read_letters
from streams.producers.recordings import open_recordings
from streams.producers.replay import Replay, ReplayOptions
from tests.infra.test_redis_login import USER, Guarded, guarded_redis
from tests.pipeline.running import Worker, settled

if TYPE_CHECKING:
    from pathlib import Path

    from tests.secure_kafka import SecureKafka

__all__ = ["guarded_redis"]


@pytest.mark.pipeline
@pytest.mark.timeout(600)
@pytest.mark.parametrize("login", ["SCRAM-SHA-512", "certificate"])
async def test_a_recording_is_logged_over_connections_that_are_all_secured(
    secure_kafka: SecureKafka, guarded_redis: Guarded, tmp_path: Path, login: str
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
    if login == "certificate":
        settings = secure_kafka.settings_with_certificate("admin", **fields)
    else:
        settings = secure_kafka.settings(broker_sasl=login, **fields)
    await topics.create(settings)
    with Worker(settings) as worker:
        await Replay(settings, ReplayOptions(speed=None)).run(open_recordings("simulated:11:1"))
        await asyncio.to_thread(settled, worker)
        assert list(worker.counts().values()) == [(2, 12)]
        assert not await read_letters(settings)
        assert worker.command("labels", "list")
        assert "hunter2" not in worker.output()
