"""The store of a running pipeline, for as long as a command needs it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from infra import topics
from infra.broker import topic_creation
from infra.broker.topic_reader import publish
from infra.daily_log.editing import LogEditor
from infra.daily_log.store import LogStore
from infra.redis.client import connect
from models.labels import ACTIVITIES, SCENARIOS
from streams.commands.log.span import LogCommandError
from streams.commands.running_services import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from schemas import Correction
    from streams.engine.app import EgoLogApp

_SHOWN_DEVICES = 5


@asynccontextmanager
async def open_store(app: EgoLogApp) -> AsyncIterator[LogStore]:
    """Open the log's store."""
    settings = running(app.settings, "redis_url")
    redis = await connect(settings)
    try:
        yield LogStore(redis, settings.app_id, settings.log_retention_days)
    finally:
        await redis.aclose()


@asynccontextmanager
async def editing(app: EgoLogApp, device: str) -> AsyncIterator[LogEditor]:
    """Open an editor that changes the log of a device and publishes the changes."""
    settings = running(running(app.settings, "redis_url"), "broker_url")
    await topic_creation.create(settings)
    async with open_store(app) as store:
        await refuse_unknown(store, device)

        async def publish_it(correction: Correction) -> None:
            await publish(
                settings,
                topics.CORRECTIONS,
                correction.correction_id,
                correction.encode(),
                beside=device,
            )

        yield LogEditor(store, publish_it, {"scenario": SCENARIOS, "activity": ACTIVITIES})


async def refuse_unknown(store: LogStore, *devices: str) -> None:
    """Raise `LogCommandError` if none of the devices has a log, naming some that have one."""
    for device in devices:
        if any(await store.count(device)):
            return
    known = _first_names([summary.device_id for summary in await store.devices()]) or "none yet"
    names = _first_names([repr(device) for device in devices])
    subject = f"device {names} has no" if len(devices) == 1 else f"none of {names} has a"
    raise LogCommandError(f"{subject} log; expected one of: {known}")


def _first_names(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN_DEVICES]) + (", ..." if len(names) > _SHOWN_DEVICES else "")
