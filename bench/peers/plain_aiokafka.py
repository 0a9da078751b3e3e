"""A minimal aiokafka loop around the work: `python -m bench.peers.plain_aiokafka`."""

from __future__ import annotations

import argparse
import asyncio
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench.without_stream.networks import Networks
from bench.without_stream.work import KINDS, Work
from infra.settings import Settings, load

READY = "ready"
_COMMIT_S = 1.0
_RECORDS_AT_ONCE = 64


def main() -> None:
    """Read frames until killed."""
    argparse.ArgumentParser(
        "python -m bench.peers.plain_aiokafka", description=__doc__
    ).parse_args()
    settings = load(None)
    asyncio.run(_run(settings, Work(settings, Networks(settings))))


async def _run(settings: Settings, work: Work) -> None:
    names = {settings.topic(name): name for name in KINDS}
    servers = settings.bootstrap_servers
    consumer = AIOKafkaConsumer(
        *names,
        bootstrap_servers=servers,
        group_id=settings.app_id,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", linger_ms=5)
    await consumer.start()
    await producer.start()
    print(READY, flush=True)
    committed = time.monotonic()
    while True:
        batches = await consumer.getmany(timeout_ms=100, max_records=_RECORDS_AT_ONCE)
        for tp, records in batches.items():
            for record in records:
                for topic, value in work.take(names[tp.topic], record.value):
                    await producer.send(settings.topic(topic), value, key=record.key)
        if time.monotonic() - committed > _COMMIT_S:
            await producer.flush()
            await consumer.commit()
            committed = time.monotonic()


if __name__ == "__main__":
    main()
