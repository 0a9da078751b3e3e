from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pytest
from redis.asyncio import Redis

from infra import topics
from infra.broker.dead_letters import scan
from infra.broker.device_control import read_controls
from infra.broker.topic_reader import TopicReader, partition_of, publish
from infra.daily_log.record_offsets import RecordOffsets
from infra.daily_log.rollups import Rollup
from infra.daily_log.store import LogStore
from infra.device_state.checkpoints import Checkpoints
from infra.device_state.corrected_windows import CorrectedWindows
from infra.device_state.erasure import erase
from infra.device_state.window_pictures import WindowPictures
from infra.model_store.replay_buffer import ReplayBuffer, buffer_path
from infra.notifications.journal import Journal
from schemas import DeadLetter, FinetuneItem, Vector
from schemas.notification import Notification, notification_id
from tests.broker_settings import with_topics
from tests.infra.daily_log.corrected_log import correction, named_span
from tests.infra.daily_log.stored_records import T0, S, activity, scenario

if TYPE_CHECKING:
    from infra.settings import Settings

# The second ends as the first does, behind the character that keys are joined with.
ERASED, OTHER = "wearer-7", "clone:wearer-7"


async def fill(settings: Settings, redis: Redis, device: str) -> None:
    """Leave something of a device wherever the pipeline may."""
    store = LogStore(redis, settings.app_id, settings.log_retention_days)
    await store.put_scenarios([scenario(T0, device)])
    await store.put_activities([activity(T0, device)])
    await RecordOffsets.of(store).put({f"{device}/s/scenario/{T0}": (0, 1)}, [scenario(T0, device)])
    correction_made = correction(
        len(device), named_span(T0 / S, T0 / S + 30, "Eating"), device_id=device
    )
    await publish(
        settings,
        topics.CORRECTIONS,
        correction_made.correction_id,
        correction_made.encode(),
        beside=device,
    )
    await store.put_corrections([correction_made])
    await store.rollups.put(device, "1", 0, Rollup(1, "{}", "{}"))
    for life in (None, "0123456789ab"):
        checkpoints = Checkpoints(redis, settings.app_id, life)
        for stage in ("windower", "har", "join", "wearer"):
            await checkpoints.put(stage, {device: b"state"})
    item = FinetuneItem.of(scenario(T0, device), Vector.of(np.ones((2, 3))), ["Eating"], "wearer")
    await CorrectedWindows(redis, settings.app_id).put([item])
    notified = Notification(
        notification_id=notification_id("siren", device, "w"),
        rule="siren",
        device_id=device,
        at_ns=T0,
        text=f"{device}: siren",
    )
    await WindowPictures.of(store).put(device, T0, {"sound": np.ones((2, 3))}, 1)
    await Journal.of(store).commit(device, None, b"state", T0, [(notified, ["phone"])])
    with ReplayBuffer(buffer_path(settings.run_dir), 9) as buffer:
        buffer.put([(f"{device}/s/scenario/1", "e" * 12, f"of {device}".encode())])
    for name, value in ((device, b"frame"), ("unknown", f"of {device}.".encode())):
        letter = DeadLetter(
            device_id=name,
            topic="audio.frames",
            partition=0,
            offset=len(device) + len(value),
            stage="windower",
            reason="malformed",
            error="no envelope",
            size=len(value),
            value=value,
        )
        await publish(settings, topics.DEAD_LETTER, name, letter.encode())


async def mentions(settings: Settings, redis: Redis, device: str) -> list[str]:
    """Return where a device's name stands in the store, the run folder and the dead letters."""
    name = device.encode()
    places = []
    async for key in redis.scan_iter(match=f"{settings.app_id}:*"):
        # redis-py's types know no client whose answers are bytes.
        kind: Any = await redis.type(key)
        members: Any = await redis.smembers(key) if kind == b"set" else {await redis.dump(key)}
        if key.split(b":")[-1] == name or name in members:
            places.append(key.decode())
    files = [path for path in Path(settings.run_dir).rglob("*") if path.is_file()]
    letters = [record async for record in scan(settings) if record.letter is not None]
    return [
        *places,
        *(str(path) for path in files if name in path.read_bytes()),
        *(each.place for each in letters if each.letter and name in each.letter.encode()),
    ]


@pytest.mark.services
async def test_nothing_of_an_erased_device_is_found_and_everything_of_others_is(
    kafka_url: str, debian_redis_url: str, tmp_path: Path
) -> None:
    settings = (await with_topics(kafka_url, 2)).model_copy(
        update={"run_dir": tmp_path, "app_id": f"erase-{uuid4().hex[:8]}"}
    )
    (tmp_path / "replay.json").write_text(f'{{"{ERASED}/s/0": 1.0, "x/s/0": 2.0}}')
    async with Redis.from_url(debian_redis_url) as redis:
        await fill(settings, redis, ERASED)
        astray = correction(99, named_span(T0 / S, T0 / S + 30, "Eating"), device_id=ERASED)
        own = partition_of(ERASED.encode(), 2)
        for partition in (own, 1 - own):
            key = astray.correction_id
            await publish(settings, topics.CORRECTIONS, key, astray.encode(), partition=partition)
        assert len(await mentions(settings, redis, ERASED)) == 28
        result = await erase(settings, redis, ERASED, settle_s=0.0)
        assert await mentions(settings, redis, ERASED) == []
        assert result.counts == {
            "records of the log": 2,
            "checkpoints and adapters": 8,
            "corrected windows": 1,
            "notifications": 1,
            "pictures of half minutes": 1,
            "corrections": 2,
            "windows to learn from": 1,
            "notes of replays": 1,
            "dead letters": 2,
        }
        assert result.left == []
        async with TopicReader(settings, topics.CORRECTIONS) as reader:
            newest = {(r.key, r.partition): r.value for r in await reader.to_the_end()}
        assert len(newest) == 3
        assert set(newest.values()) == {None}
        assert not [key async for key in redis.scan_iter(match="*:features:*")]
        await fill(settings, redis, OTHER)
        before = await store_of(settings, redis)
        await fill(settings, redis, "earer-7")
        await erase(settings, redis, "earer-7", settle_s=0.0)
        assert await store_of(settings, redis) == before
        store = LogStore(redis, settings.app_id, settings.log_retention_days)
        mark = await store.erasures.read(ERASED)
    control = (await read_controls(settings))[ERASED]
    assert mark == -(control.erased_ms or 0)
    assert control.state == "erased"
    assert abs((control.erased_ms or 0) / 1_000 - time.time()) < 600


async def store_of(settings: Settings, redis: Redis) -> dict[bytes, bytes | None]:
    """Return everything in the store but the marks of erased devices, which stay."""
    return {
        key: await redis.dump(key)
        async for key in redis.scan_iter(match=f"{settings.app_id}:*")
        if not key.endswith(b":log:erased")
    }
