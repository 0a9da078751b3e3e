"""Whoever stops while a broker does not answer leaves no connection open."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from infra.broker.access import client_arguments
from infra.broker.admin import admin_client
from infra.settings import Settings
from tests.infra.broker.silent_broker import silent_broker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


async def consume(settings: Settings) -> None:
    consumer = AIOKafkaConsumer(**client_arguments(settings))
    try:
        await consumer.start()
    finally:
        await consumer.stop()


async def produce(settings: Settings) -> None:
    producer = AIOKafkaProducer(**client_arguments(settings))
    try:
        await producer.start()
    finally:
        await producer.stop()


async def administer(settings: Settings) -> None:
    async with admin_client(settings):
        pass


@pytest.mark.parametrize("work", [consume, produce, administer])
async def test_a_client_that_is_stopped_while_it_waits_for_its_cluster_closes_its_connection(
    tmp_path: Path, work: Callable[[Settings], Awaitable[None]]
) -> None:
    said: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
    async with silent_broker() as (url, asked), asyncio.timeout(60):
        working = asyncio.ensure_future(work(Settings(broker_url=url, run_dir=tmp_path)))
        await asked.wait()
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        del working
        gc.collect()
    assert said == []
