from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra import topics
from infra.broker import topic_settings
from infra.broker.topic_settings import losing, losing_settings
from infra.settings import load
from infra.topics import TOPICS
from tests.broker_settings import with_topics

if TYPE_CHECKING:
    from aiokafka.admin.config_resource import ConfigResource

BY_NAME = {topic.name: topic for topic in TOPICS}


def lines(name: str, **changed: str) -> list[str]:
    """Return what is said of a topic that has our configuration but for `changed`."""
    wanted = BY_NAME[name].config()
    actual = wanted | {key.replace("_", "."): value for key, value in changed.items()}
    return losing_settings(name, BY_NAME[name], wanted, actual)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_topic_as_it_is_created_loses_nothing(name: str) -> None:
    assert lines(name) == []


def test_what_loses_messages_is_named_with_its_value_and_what_would_be_right() -> None:
    assert lines(topics.AUDIO_FRAMES, cleanup_policy="compact,delete") == [
        "topic audio.frames has cleanup.policy=compact,delete: expected delete, or of each device "
        "only the newest message is kept"
    ]
    assert lines(topics.LABELS, cleanup_policy="delete") == [
        "topic labels has cleanup.policy=delete: expected compact, or older decisions are forgotten"
    ]
    assert lines(topics.IMU_FRAMES, retention_ms="3600000") == [
        "topic imu.frames has retention.ms=3600000: expected 86400000 or more, or what workers "
        "have not read by then is lost"
    ]
    [short] = lines(topics.SCENARIO, retention_ms="86400000")
    assert short.endswith("is lost, and `log rebuild` has less to read")
    assert lines(topics.AUDIO_FRAMES, max_message_bytes="524288") == [
        "topic audio.frames has max.message.bytes=524288: expected "
        f"{BY_NAME[topics.AUDIO_FRAMES].max_message_bytes} or more, or larger messages are refused"
    ]
    [stamps] = lines(topics.IMU_FRAMES, message_timestamp_type="CreateTime")
    assert "expected LogAppendTime" in stamps


def test_more_than_asked_for_is_no_loss() -> None:
    for longer in ("-1", "999999999999"):
        assert lines(topics.IMU_FRAMES, retention_ms=longer, max_message_bytes="5242880") == []
    # Nothing of a compacted topic is deleted by its age.
    kept = lines(topics.LABELS, retention_ms="1", message_timestamp_type="CreateTime")
    assert kept == []


class Reply:
    def __init__(self, *resources: tuple[object, ...]) -> None:
        self.resources = resources


class Admin:
    """Answers with a refusal, a topic that is not ours, and one that keeps nothing for long."""

    async def __aenter__(self) -> Admin:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def describe_configs(self, resources: list[ConfigResource]) -> list[Reply]:
        assert "p.imu.frames" in {each.name for each in resources}
        entries: list[tuple[object, ...]] = [("retention.ms", "1", False, 1, False, [])]
        return [
            Reply((29, "denied", 2, "p.audio.frames", []), (0, None, 2, "other", entries)),
            Reply((0, None, 2, "p.imu.frames", entries)),
        ]


async def test_what_this_login_may_not_see_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_settings, "admin_client", lambda _: Admin())
    [line] = await losing(load(env_file=None, topic_prefix="p."))
    assert line.startswith("topic p.imu.frames has retention.ms=1: ")


async def test_a_broker_without_configurations_is_asked_in_vain(broker_url: str) -> None:
    assert await losing(await with_topics(broker_url, 2)) == []
