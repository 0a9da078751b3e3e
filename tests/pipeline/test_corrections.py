"""The wearer's word through a worker: into the log, over a replay, and to the fine-tuner."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from infra import topics
from infra.broker import topic_creation
from infra.broker.topic_reader import read_all, read_letters
from schemas import Correction, FinetuneItem
from schemas.correction import WEARER
from streams.producers.recordings import open_recordings
from streams.producers.replay import Replay, ReplayOptions
from tests.pipeline.correcting import post_correction
from tests.pipeline.running import Worker, settings_for, unique_name, wait_until_settled

if TYPE_CHECKING:
    from pathlib import Path

    from infra.settings import Settings
    from tests.conftest import Services

MINUTES = 3


def leading(worker: Worker, device: str) -> list[str]:
    path = f"/api/timeline?device={device}"
    return [row["leading"] for row in worker.get(path).raise_for_status().json()["scenarios"]]


async def replay_day(settings: Settings) -> None:
    await Replay(settings, ReplayOptions(speed=None)).run(
        open_recordings(f"simulated:14:{MINUTES}")
    )


async def items(settings: Settings, count: int) -> list[FinetuneItem]:
    """Return what wearers said in the queue, once there is so much of it."""
    async with asyncio.timeout(120):
        while True:
            queued = await read_all(settings, topics.FINETUNE_QUEUE, FinetuneItem)
            words = [item for item in queued if item.provenance == WEARER]
            if len(words) >= count:
                return words
            await asyncio.sleep(0.5)


@pytest.mark.pipeline
@pytest.mark.timeout(600)
async def test_a_correction_is_in_the_log_at_once_over_a_replay_and_a_label_for_the_fine_tuner(
    services: Services, tmp_path: Path
) -> None:
    settings = settings_for(services, tmp_path / "run", unique_name("corrections"))
    await topic_creation.create(settings)
    with Worker(settings) as worker:
        await replay_day(settings)
        whole = [(2 * MINUTES, 12 * MINUTES)]
        await asyncio.to_thread(
            worker.wait_until, lambda: [*worker.counts().values()] == whole, 240.0
        )
        [device] = worker.get("/api/devices").json()
        name, start = device["device_id"], device["first_ns"]
        before = leading(worker, name)
        assert len(before) == 2 * MINUTES
        part = {"from": str(start), "to": str(start + 60 * 10**9), "labels": ["Handyman"]}
        done = await asyncio.to_thread(
            post_correction, worker, device=name, action="correct", parts=[part]
        )
        assert leading(worker, name) == ["Handyman"] * 2 + before[2:]
        queued = await items(settings, 2)
        assert [item.pseudo_labels for item in queued] == [["Handyman"]] * 2
        assert all(item.embeddings.shape == [15, 644] for item in queued)
        await replay_day(settings)
        await asyncio.to_thread(wait_until_settled, worker)
        assert leading(worker, name) == ["Handyman"] * 2 + before[2:]
        undo = {"action": "undo", "undoes": done["id"]}
        await asyncio.to_thread(post_correction, worker, device=name, **undo)
        assert leading(worker, name) == before
        assert [item.pseudo_labels for item in (await items(settings, 4))[-2:]] == [[], []]
        assert not await read_letters(settings)
    corrections = await read_all(settings, topics.CORRECTIONS, Correction)
    assert [each.action for each in corrections] == ["correct", "undo"]
