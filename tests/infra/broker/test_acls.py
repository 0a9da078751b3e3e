"""The table of rules, and the rules held by a real authorizer: one principal a role."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    NotLeaderForPartitionError,
    PolicyViolationError,
    TopicAuthorizationFailedError,
)

from infra import topics
from infra.broker import (
    acls,
    broker_topics,
    permissions,
    raw_topic_retention,
    topic_creation,
)
from infra.broker.access import client_arguments
from infra.broker.topic_reader import publish, read_all
from infra.errors import BrokerError, SettingsError, TopicsError
from infra.settings import Settings, load
from schemas import DeadLetter
from tests.infra.broker.role_access import EVERY, FRAMES, READS, WRITES

if TYPE_CHECKING:
    from infra.broker.acls import Role
    from tests.secure_kafka import SecureKafka

NAMES = [f"{role}={role}" for role in acls.ROLES]
# Workers delete frames that they have processed.
CLEARS: dict[Role, set[str]] = {"worker": FRAMES, "operator": EVERY}


@pytest.fixture(scope="module")
def secured_settings(secure_kafka: SecureKafka) -> Settings:
    """Settings of the super user, whose topics are there and whose rules are in force."""
    name = uuid4().hex[:8]
    settings = secure_kafka.settings(app_id=name, topic_prefix=f"{name}.", topic_partitions=1)

    async def prepare() -> None:
        await topic_creation.create(settings)
        await acls.apply(settings, acls.acls(settings, acls.principals(settings, NAMES)))

    asyncio.run(prepare())
    return settings


def of(settings: Settings, user: str) -> Settings:
    return settings.model_copy(update={"broker_username": user})


async def writable(settings: Settings) -> set[str]:
    """Return the topics that these settings' user may write to."""
    allowed = set()
    producer = AIOKafkaProducer(**client_arguments(settings))
    await producer.start()
    for topic in topics.used_topics(settings):
        try:
            await producer.send_and_wait(settings.topic(topic.name), b"", key=b"k")
        except TopicAuthorizationFailedError:
            continue
        allowed.add(topic.name)
    await producer.stop()
    return allowed


async def clearable(settings: Settings) -> set[str]:
    """Return the topics whose records these settings' user may delete."""
    allowed = set()
    admin = AIOKafkaAdminClient(**client_arguments(settings))
    await admin.start()
    for topic in topics.used_topics(settings):
        first = TopicPartition(settings.topic(topic.name), 0)
        try:
            await admin.delete_records({first: RecordsToDelete(0)})
        except (TopicAuthorizationFailedError, NotLeaderForPartitionError):
            # Of a topic that somebody may not even see, he is told no leader.
            continue
        except PolicyViolationError:
            # A compacted topic is refused to whoever would be allowed.
            pass
        allowed.add(topic.name)
    await admin.close()
    return allowed


async def readable(settings: Settings) -> set[str]:
    """Return the topics that these settings' user may read from."""
    allowed = set()
    known = await broker_topics.describe(settings)
    for topic in topics.used_topics(settings):
        if known[settings.topic(topic.name)] == broker_topics.HIDDEN:
            # Nobody can read what he cannot even see; a consumer would wait for it for ever.
            continue
        consumer = AIOKafkaConsumer(
            **client_arguments(settings), auto_offset_reset="earliest", enable_auto_commit=False
        )
        await consumer.start()
        try:
            consumer.assign([TopicPartition(settings.topic(topic.name), 0)])
            await consumer.getone()
        except TopicAuthorizationFailedError:
            continue
        finally:
            await consumer.stop()
        allowed.add(topic.name)
    return allowed


@pytest.mark.services
async def test_each_role_writes_and_reads_what_its_work_needs_and_nothing_else(
    secured_settings: Settings,
) -> None:
    # In each topic there is something to be read.
    assert await writable(secured_settings) == EVERY
    for role in acls.ROLES:
        assert await writable(of(secured_settings, role)) == WRITES[role], role
    for role in acls.ROLES:
        assert await readable(of(secured_settings, role)) == READS[role], role
    assert not await writable(of(secured_settings, "stranger"))
    for role in acls.ROLES:
        assert await clearable(of(secured_settings, role)) == CLEARS.get(role, set()), role


@pytest.mark.services
async def test_a_device_forges_no_scenario_pins_no_model_and_decides_of_no_device(
    secured_settings: Settings,
) -> None:
    device = of(secured_settings, "device")
    for topic in (topics.SCENARIO, topics.MODEL_UPDATES, topics.LABELS, topics.DEVICE_CONTROL):
        with pytest.raises(
            BrokerError, match=f"denies User:device Write on topic {device.topic(topic)}: "
        ):
            await publish(device, topic, "other-wearer", b"forged")


@pytest.mark.services
async def test_what_a_login_may_not_see_is_refused_at_once(secured_settings: Settings) -> None:
    device = of(secured_settings, "device")
    rules = "`faust -A streams.app topics --acls` prints the rules"
    hint = f"hidden from User:device: {rules}"
    for name in (topics.DEAD_LETTER, topics.CORRECTIONS):
        with pytest.raises(TopicsError, match=f"^topic {device.topic(name)} is {hint}"):
            await read_all(device, name, DeadLetter)
    with pytest.raises(TopicsError, match=f"^topic {device.topic('spatial')} is {hint}"):
        await topic_creation.create(device)
    # Whoever only sends frames needs no others.
    assert await topic_creation.create(device, topics.RAW) == []
    with pytest.raises(TopicsError, match=f"is hidden from User:stranger: {rules}"):
        await topic_creation.create(of(secured_settings, "stranger"), topics.RAW)


@pytest.mark.services
async def test_what_a_login_may_see_but_not_read_names_the_rules(
    secured_settings: Settings,
) -> None:
    await publish(secured_settings, topics.DEAD_LETTER, "device", b"")
    denied = rf"denies User:worker Read on topic .*{topics.DEAD_LETTER}: .*topics --acls` prints"
    with pytest.raises(BrokerError, match=denied):
        await read_all(of(secured_settings, "worker"), topics.DEAD_LETTER, DeadLetter)


@pytest.mark.services
async def test_only_the_operator_creates_topics(secured_settings: Settings) -> None:
    later = secured_settings.model_copy(update={"debug_topics": True})
    await acls.apply(later, acls.acls(later, acls.principals(later, NAMES)))
    # The broker answers in an order of its own.
    refusal = (
        rf"^topic {later.topic_prefix}(windows|scenario\.estimate) is missing, and this login may "
        r"not create it: let the operator run `faust -A streams\.app topics --create`$"
    )
    with pytest.raises(TopicsError, match=refusal):
        await topic_creation.create(of(later, "worker"))
    assert set(await topic_creation.create(of(later, "operator"))) == {
        later.topic(topics.WINDOWS),
        later.topic(topics.SCENARIO_ESTIMATE),
    }


@pytest.mark.services
async def test_who_may_not_see_a_topics_configuration_is_told_that_it_stays(
    secured_settings: Settings,
) -> None:
    with pytest.raises(TopicsError, match=r"^retention of .* User:worker DescribeConfigs on it$"):
        await raw_topic_retention.align_raw(of(secured_settings, "worker"))
    assert await raw_topic_retention.align_raw(of(secured_settings, "operator")) == []


@pytest.mark.services
@pytest.mark.parametrize(
    ("role", "group", "allowed"),
    [
        ("worker", "", True),
        ("worker", "-finetune", False),
        ("finetuner", "-finetune", True),
        ("finetuner", "", False),
        ("reader", "-reader-7", True),
        ("reader", "", False),
        ("device", "", False),
    ],
)
async def test_groups_belong_to_their_role(
    secured_settings: Settings, role: str, group: str, allowed: bool
) -> None:
    consumer = AIOKafkaConsumer(
        **client_arguments(of(secured_settings, role)),
        group_id=f"{secured_settings.app_id}{group}",
        enable_auto_commit=False,
    )
    await consumer.start()
    consumer.assign([TopicPartition(secured_settings.topic(topics.SCENARIO), 0)])
    try:
        asked = consumer.committed(TopicPartition(secured_settings.topic(topics.SCENARIO), 0))
        if allowed:
            await asked
        else:
            with pytest.raises(GroupAuthorizationFailedError):
                await asked
    finally:
        await consumer.stop()


@pytest.mark.services
async def test_worker_and_fine_tuner_find_all_topics_and_nobody_allows_himself_more(
    secured_settings: Settings,
) -> None:
    for role in ("worker", "finetuner", "operator"):
        broker_topics.check(
            await broker_topics.describe(of(secured_settings, role)), secured_settings
        )
    who = acls.principals(secured_settings, NAMES)
    for role in acls.ROLES:
        refused = f"cannot be allowed to User:device: that needs Alter on the cluster, .*:{role} "
        with pytest.raises(TopicsError, match=refused):
            await acls.apply(of(secured_settings, role), acls.acls(secured_settings, who)[:1])


@pytest.mark.services
async def test_a_login_that_lacks_what_its_work_needs_is_told_all_of_it(
    secured_settings: Settings,
) -> None:
    for role in ("device", "worker", "finetuner"):
        assert await permissions.require(of(secured_settings, role), role) == []
    # Whoever may do everything, and a broker without rules for this client.
    assert await permissions.require(secured_settings, "worker") == []
    group = secured_settings.app_id
    with pytest.raises(BrokerError) as caught:
        await permissions.require(of(secured_settings, "finetuner"), "worker")
    line = str(caught.value)
    assert f"denies User:finetuner Read on topic {group}.audio.frames, topic {group}.imu" in line
    assert f", group {group}; Write on topic {group}.spatial, " in line
    assert "Delete" not in line
    assert f"{group}.dead.letter" not in line
    assert line.endswith(
        ": `faust -A streams.app topics --acls` prints the rules that each role needs"
    )


def test_rules_are_printed_as_commands_of_kafkas_own_tool() -> None:
    settings = load(env_file=None, app_id="lab", topic_prefix="lab.")
    rules = acls.acls(settings, acls.principals(settings, ["device=CN=phone 7"]))
    lines = [rule.command("kafka:9093") for rule in rules]
    begin = "kafka-acls.sh --bootstrap-server kafka:9093 --command-config admin.properties --add"
    assert lines[0] == (
        f"{begin} --allow-principal 'User:CN=phone 7' --operation Write --topic lab.audio.frames"
    )
    assert lines[-1] == (
        f"{begin} --allow-principal User:lab-reader --operation Read --group lab-reader "
        "--resource-pattern-type prefixed"
    )
    assert len({tuple(shlex.split(line)) for line in lines}) == len(lines)


@pytest.mark.parametrize("text", ["device", "device=", "phone=x", "=x"])
def test_a_principal_of_no_role_is_one_line(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        acls.principals(load(env_file=None), [text])
    assert str(caught.value) == (
        f"principal {text!r} is not understood: expected ROLE=NAME with a role of device, worker, "
        "finetuner, operator, reader"
    )


def test_a_topic_that_nobody_speaks_of_is_the_workers_own(monkeypatch: Any) -> None:
    new: Any = topics.Topic("new", topics.TOPICS[0].value)
    monkeypatch.setattr(topics, "TOPICS", (new,))
    settings = load(env_file=None)
    who = {
        (rule.principal, rule.operation)
        for rule in acls.acls(settings, acls.principals(settings))
        if rule.resource == "topic"
    }
    assert who == {
        ("User:egolog-worker", "Write"),
        ("User:egolog-worker", "Read"),
        ("User:egolog-finetuner", "Describe"),
        ("User:egolog-operator", "All"),
    }
