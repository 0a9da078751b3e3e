from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from infra import topics
from infra.topic_reader import publish, read_letters
from schemas import ScenarioEstimate
from tests.conftest import Services
from tests.pipeline.log import log_content
from tests.pipeline.running import Worker, settings_for
from tests.pipeline.test_replay import named
from tests.streams.engine.messages import estimate

if TYPE_CHECKING:
    from pathlib import Path


class Evidence(ScenarioEstimate):
    """An estimate as the release before wrote it."""

    TYPE: ClassVar[str] = "evidence"


@pytest.mark.timeout(300)
@pytest.mark.services
async def test_what_an_earlier_release_left_in_evidence_reaches_the_log_first(
    kafka_url: str, redis_url: str, tmp_path: Path
) -> None:
    # The embedded broker ends with its worker, so it holds nothing of an earlier release.
    services = Services(kafka_url, redis_url)
    settings = settings_for(services, tmp_path / "run", named("renamed"))
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await admin.start()
    name = settings.topic("evidence")
    await admin.create_topics([NewTopic(name, settings.topic_partitions, 1)])
    await admin.close()
    await topics.create(settings)
    old, new = Evidence(**dict(estimate(0))), estimate(30)
    await publish(settings, "evidence", "d", old.encode())
    await publish(settings, topics.SCENARIO_ESTIMATE, "d", new.encode())
    with Worker(settings) as worker:
        worker.wait_until(lambda: worker.counts().get("d") == (2, 0))
        assert not await read_letters(settings)
    [rows] = (await log_content(settings)).values()
    assert [row["start_ns"] for row in rows] == [old.start_ns, new.start_ns]
