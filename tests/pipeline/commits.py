"""What a worker's group has not committed yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition

from infra import topics

if TYPE_CHECKING:
    from infra.settings import Settings

# What a worker of all agents reads, whoever writes it.
READ = (*topics.RAW, topics.SCENARIO, topics.SCENARIO_REFINED, topics.ACTIVITY)


async def commit_lag(settings: Settings) -> dict[tuple[str, int], int]:
    """Return by how many offsets commits lag behind the ends that the broker tells.

    Only of topics and partitions that do. The embedded broker counts a batch as one message.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers, group_id=settings.app_id
    )
    await consumer.start()
    partitions = {
        TopicPartition(settings.topic(name), number): name
        for name in READ
        for number in range(settings.topic_partitions)
    }
    consumer.assign(list(partitions))
    ends = await consumer.end_offsets(list(partitions))
    lags = {
        (name, tp.partition): ends[tp] - (await consumer.committed(tp) or 0)
        for tp, name in partitions.items()
    }
    await consumer.stop()
    return {where: lag for where, lag in lags.items() if lag > 0}
