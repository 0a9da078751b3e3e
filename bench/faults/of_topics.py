"""Faults of topics: deleted, grown, or written to in transactions."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaProducer

from bench.faults.fault import Fault, Site
from bench.faults.motion import Motion, log_of_motion, send_motion
from infra import topics
from infra.broker import topic_creation
from infra.broker.access import client_arguments
from infra.broker.admin import admin_client
from infra.broker.topic_growth import grow

_GONE_S = 5.0
_GROWN = 6
_TRANSACTION_FRAMES = 5


class DeleteTopic(Fault):
    """A worker cannot publish until the topic is created again."""

    name = f"topic `activity` deleted, made again after {_GONE_S:g} s"
    own_topics = True

    async def strike(self, site: Site) -> None:
        """Delete and create the topic."""
        async with admin_client(site.settings) as admin:
            await admin.delete_topics([site.settings.topic(topics.ACTIVITY)])
        await asyncio.sleep(_GONE_S)
        await topic_creation.create(site.settings)


class GrowPartitions(Fault):
    """Most devices move to another partition, and so perhaps to another worker."""

    name = f"partitions grown from 4 to {_GROWN}, then a second fleet"
    own_topics = True

    async def strike(self, site: Site) -> None:
        """Do nothing: topics grow after everything was read."""

    async def after(self, site: Site) -> None:
        """Stop the workers, add partitions, start the workers and send a second fleet."""
        for number in site.workers.numbers:
            await site.workers.terminate(number)
        await grow(site.settings, _GROWN)
        site.settings = site.settings.model_copy(update={"topic_partitions": _GROWN})
        site.workers.settings = site.settings
        for number in (0, 1):
            site.workers.spawn(number)
        await site.workers.ready()
        await site.send("grown")


class Transactions(Fault):
    """Half of a device's transactions are aborted."""

    name = "a device that sends in transactions and aborts every second one"

    async def strike(self, site: Site) -> None:
        """Send the same motion with transactions and without."""
        plain, aborting = Motion("plain-0", 60), Motion("aborts-0", 60)
        await send_motion(site.settings, [plain])
        producer = AIOKafkaProducer(
            **client_arguments(site.settings), transactional_id=site.settings.app_id
        )
        await producer.start()
        try:
            topic, key = site.settings.topic(topics.IMU_FRAMES), aborting.device_id.encode()
            frames = list(aborting.frames())
            for first in range(0, len(frames), _TRANSACTION_FRAMES):
                for outcome in ("abort", "commit"):
                    await producer.begin_transaction()
                    for frame in frames[first : first + _TRANSACTION_FRAMES]:
                        value = frame.encode() if outcome == "commit" else b"aborted"
                        await producer.send_and_wait(topic, value, key)
                    await getattr(producer, f"{outcome}_transaction")()
        finally:
            await producer.stop()

    async def after(self, site: Site) -> None:
        """Compare both logs."""
        await log_of_motion(site, Motion("plain-0", 60), Motion("aborts-0", 60))


FAULTS: tuple[type[Fault], ...] = (DeleteTopic, GrowPartitions, Transactions)
