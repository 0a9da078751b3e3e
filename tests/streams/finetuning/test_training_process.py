from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from infra.errors import FinetuneError
from infra.model_store.replay_buffer import ReplayBuffer
from infra.settings import load
from models.egolog.scenario import SCENARIO
from models.serving.registry import Registry
from streams.finetuning.training_process import NICE, TrainingJob, job, run_training
from tests.models.finetuning.windows import items, queue


@pytest.fixture
def work(tmp_path: Path) -> TrainingJob:
    path = tmp_path / "replay.sqlite"
    settings = load(env_file=None, run_dir=tmp_path, finetune_sequence_steps=60)
    with ReplayBuffer(path, settings.finetune_buffer_max) as buffer:
        buffer.put([(item.window_id, "e" * 12, item.encode()) for item in items(queue())])
        up_to = buffer.newest
    return job(settings, path, up_to, None, tmp_path / "candidate.safetensors")


async def child() -> int:
    """Return the process that this one has just started, once it is nice."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    async with asyncio.timeout(120):
        while True:
            for pid in map(int, children.read_text().split()):
                # Another child of this process may end while it is looked at.
                with suppress(OSError):
                    ours = (
                        b"streams.finetuning.training_process"
                        in Path(f"/proc/{pid}/cmdline").read_bytes()
                    )
                    if ours and os.getpriority(os.PRIO_PROCESS, pid) == NICE:
                        return pid
            await asyncio.sleep(0.05)


@pytest.mark.pipeline
async def test_a_job_leaves_the_judged_network_in_its_file(work: TrainingJob) -> None:
    result = await run_training(work)
    assert result.outcome == "accepted"
    assert Registry().load(SCENARIO, Path(work.out)).revision == result.revision
    assert result.learned + result.held_out == len(queue())


async def test_what_fails_is_one_line(work: TrainingJob, tmp_path: Path) -> None:
    with pytest.raises(FinetuneError) as caught:
        await run_training(replace(work, in_use=str(tmp_path / "none.safetensors")))
    assert "none.safetensors do not exist" in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_training_is_nice_and_ends_when_it_is_not_wanted_any_more(work: TrainingJob) -> None:
    running = asyncio.create_task(run_training(replace(work, sequence_steps=100_000)))
    pid = await child()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_job_of_a_process_that_is_gone_is_not_begun(work: TrainingJob) -> None:
    with pytest.raises(FinetuneError, match="status 1"):
        await run_training(replace(work, parent=1))
    assert not Path(work.out).exists()
