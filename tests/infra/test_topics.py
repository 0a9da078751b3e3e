from __future__ import annotations

import pytest

import schemas
from infra import topics
from schemas import (
    ActivityLabel,
    AudioFrame,
    Correction,
    DeviceControl,
    ModelUpdate,
    Spatial,
)


def test_every_message_type_has_exactly_one_topic() -> None:
    kinds = {
        kind
        for kind in vars(schemas).values()
        if isinstance(kind, type) and issubclass(kind, schemas.Message) and hasattr(kind, "TYPE")
    }
    assert {topic.value for topic in topics.TOPICS} == kinds
    assert len(topics.TOPICS) == len(kinds)


def test_a_topic_takes_the_largest_message_of_its_type() -> None:
    for topic in topics.TOPICS:
        assert int(topic.config()["max.message.bytes"]) > topic.value.MAX_BYTES


@pytest.mark.parametrize(("replicas", "confirmed_by"), [(1, None), (2, None), (3, "2"), (5, "4")])
def test_of_three_replicas_two_have_what_is_confirmed(
    replicas: int, confirmed_by: str | None
) -> None:
    for topic in topics.TOPICS:
        config = topic.config(replicas=replicas)
        assert config.get("min.insync.replicas") == confirmed_by


def test_only_decisions_are_kept_for_good() -> None:
    by_value = {topic.value: topic.config() for topic in topics.TOPICS}
    assert by_value[ActivityLabel]["cleanup.policy"] == "compact"
    assert by_value[ModelUpdate]["cleanup.policy"] == "compact"
    assert by_value[DeviceControl]["cleanup.policy"] == "compact"
    assert by_value[Correction]["cleanup.policy"] == "compact"
    assert by_value[Spatial]["retention.ms"] == str(7 * 86_400_000)
    assert by_value[AudioFrame]["retention.ms"] == str(86_400_000)
    assert sum(config["cleanup.policy"] == "compact" for config in by_value.values()) == 4
