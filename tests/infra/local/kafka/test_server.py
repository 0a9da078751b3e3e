from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from infra import topics
from infra.broker import topic_creation
from infra.errors import PortInUseError, ServiceError
from infra.local.kafka import ApacheKafka, server
from infra.local.kafka.__main__ import main
from infra.local.kafka.server import property_value
from infra.local.probe import free_port, kafka_answers
from infra.settings import Settings, load
from tests.needed import need

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.services

TWO_YEARS_MS = 2 * 365 * 86_400_000


@pytest.fixture
async def settings(kafka_url: str) -> Settings:
    settings = load(
        env_file=None,
        broker_url=kafka_url,
        topic_prefix=f"{uuid4().hex[:8]}.",
        debug_topics=True,
    )
    await topic_creation.create(settings)
    return settings


@pytest.fixture
async def producer(kafka_url: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka_url.removeprefix("kafka://"), max_request_size=5_000_000
    )
    await producer.start()
    yield producer
    await producer.stop()


async def read_messages(url: str, topic: str, group: str, count: int) -> list[ConsumerRecord]:
    """Read `count` messages as `group`, commit and leave."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=url.removeprefix("kafka://"),
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        messages = [await asyncio.wait_for(consumer.getone(), 120) for _ in range(count)]
        await consumer.commit()
    finally:
        await consumer.stop()
    return messages


async def test_three_megabytes_come_back_whole(
    settings: Settings, producer: AIOKafkaProducer
) -> None:
    topic, big = settings.topic(topics.WINDOWS), os.urandom(3_000_000)
    await producer.send_and_wait(topic, big, key=b"d1")
    [message] = await read_messages(settings.broker_url, topic, "g", 1)
    assert (message.key, message.value) == (b"d1", big)


async def test_a_group_goes_on_where_it_committed(
    settings: Settings, producer: AIOKafkaProducer
) -> None:
    topic = settings.topic("spatial")
    for i in range(6):
        await producer.send_and_wait(topic, b"%d" % i, partition=0)
    first = await read_messages(settings.broker_url, topic, "g", 4)
    second = await read_messages(settings.broker_url, topic, "g", 2)
    assert [m.value for m in first + second] == [b"0", b"1", b"2", b"3", b"4", b"5"]


async def test_a_first_consumer_gets_its_partitions_without_a_delay(settings: Settings) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await admin.start()
    try:
        [reply] = await admin.describe_configs([ConfigResource(ConfigResourceType.BROKER, "1")])
    finally:
        await admin.close()
    # Kafka's default is 3 s, every time.
    entries = {entry[0]: entry[1] for resource in reply.resources for entry in resource[4]}
    assert entries["group.initial.rebalance.delay.ms"] == "0"


@pytest.mark.parametrize("shift_ms", [-TWO_YEARS_MS, TWO_YEARS_MS])
async def test_recordings_of_any_time_are_taken_and_retained_from_their_arrival(
    settings: Settings, producer: AIOKafkaProducer, shift_ms: int
) -> None:
    topic, now_ms = settings.topic("imu.frames"), int(time.time() * 1_000)
    await producer.send_and_wait(topic, b"x", timestamp_ms=now_ms + shift_ms)
    [message] = await read_messages(settings.broker_url, topic, "g", 1)
    assert abs(message.timestamp - now_ms) < 600_000


async def test_topics_are_configured_as_the_table_says(settings: Settings) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await admin.start()
    try:
        names = [settings.topic(topic.name) for topic in topics.used_topics(settings)]
        replies = await admin.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        )
    finally:
        await admin.close()
    found = {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for reply in replies
        for resource in reply.resources
    }
    for topic in topics.used_topics(settings):
        config = topic.config(settings.raw_retention_s)
        assert config.items() <= found[settings.topic(topic.name)].items()


async def test_the_end_offset_is_the_number_of_messages(
    settings: Settings, producer: AIOKafkaProducer
) -> None:
    partition = TopicPartition(settings.topic("activity"), 1)
    sends = [await producer.send(partition.topic, b"x" * 100, partition=1) for _ in range(500)]
    await asyncio.gather(*sends)
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap_servers)
    await consumer.start()
    try:
        assert await consumer.end_offsets([partition]) == {partition: 500}
        found = await consumer.offsets_for_times({partition: 0})
        assert found[partition].offset == 0
    finally:
        await consumer.stop()


def test_a_format_that_takes_too_long_is_one_clear_line(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "FORMAT_TIMEOUT_S", 0.1)
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    with pytest.raises(ServiceError, match=r"^apache kafka's data folder is not formatted after 0"):
        ApacheKafka(run_dir)._format(command, run_dir / "server.properties")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/srv/my run", "/srv/my run"),
        ("/home/jürgen", r"/home/j\u00fcrgen"),
        ("/home/日\U0001f600", r"/home/\u65e5\ud83d\ude00"),
        ("/a\\b", r"/a\\b"),
    ],
)
def test_a_path_is_written_as_java_reads_properties(path: str, value: str) -> None:
    assert property_value(Path(path)) == value


async def test_what_was_acknowledged_survives_a_kill_in_a_folder_of_any_name(
    run_dir: Path, kafka_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    # Java decodes names by the locale, and its properties by rules of their own.
    monkeypatch.setenv("LC_ALL", "C")
    run_dir = run_dir / "jürgen's run"
    with ApacheKafka(run_dir, port) as kafka:
        assert (run_dir / "kafka" / "data" / "meta.properties").is_file()
        settings = load(env_file=None, broker_url=kafka.url)
        await topic_creation.create(settings)
        producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers, acks="all")
        await producer.start()
        for i in range(20):
            await producer.send_and_wait("spatial", b"%d" % i, partition=0)
        await producer.stop()
        kafka.kill()
        assert not kafka_answers(port)
        kafka.start()
        messages = await read_messages(kafka.url, "spatial", "g", 20)
    assert [m.value for m in messages] == [b"%d" % i for i in range(20)]
    assert not kafka_answers(port)


def test_a_taken_port_is_one_clear_line(run_dir: Path, kafka_url: str) -> None:
    port = int(kafka_url.rpartition(":")[2])
    with pytest.raises(PortInUseError, match=rf"^port {port} for apache kafka is in use: "):
        ApacheKafka(run_dir, port).start()


def test_a_run_folder_that_cannot_be_written_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need("java", "default-jre-headless")
    (tmp_path / "run").write_text("a file in the folder's place")
    assert main(["start", "--run-dir", str(tmp_path / "run"), "--port", str(free_port())]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"file '{tmp_path / 'run'}")


def test_the_command_starts_one_node_that_outlives_it_and_stops_it(
    run_dir: Path, kafka_url: str
) -> None:
    port = free_port()

    def run(command: str) -> subprocess.CompletedProcess[str]:
        arguments = ["--run-dir", str(run_dir), "--port", str(port)]
        return subprocess.run(
            [sys.executable, "-m", "infra.local.kafka", command, *arguments],
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    assert run("status").returncode == 3
    try:
        started = run("start")
        assert started.returncode == 0, started.stderr
        assert f"EGOLOG_BROKER_URL=kafka://127.0.0.1:{port}" in started.stdout
        assert kafka_answers(port)
        assert run("start").stdout == started.stdout
        assert run("status").stdout.endswith(f"and answers: kafka://127.0.0.1:{port}\n")
    finally:
        stopped = run("stop")
    assert stopped.stdout == "apache kafka stopped\n"
    assert not kafka_answers(port)
    assert run("status").returncode == 3
    assert run("stop").stdout == "apache kafka does not run\n"
