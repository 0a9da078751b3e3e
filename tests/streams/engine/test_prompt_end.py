from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click
import mode
import pytest
from faust.cli.base import cli

from infra.settings import Settings
from streams.engine.app import EgoLogApp
from streams.engine.prompt_end import PromptEnd
from streams.engine.worker import Worker

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long anything would sleep, seconds."""
    times: list[float] = []
    sleep = asyncio.sleep

    async def count(delay: float, result: object = None) -> object:
        times.append(delay)
        return await sleep(min(delay, 0.2), result)

    monkeypatch.setattr(asyncio, "sleep", count)
    return times


def run_to_its_end(worker: type[mode.Worker], work: Any) -> None:
    loop = asyncio.new_event_loop()
    service = mode.Service.from_awaitable(work, name="work", loop=loop)
    with pytest.raises(SystemExit, match="0"):
        worker(service, loop=loop, redirect_stdouts=False, daemon=False).execute_from_commandline()
    assert loop.is_closed()


def test_it_ends_with_its_work_where_fausts_own_waits_for_a_second(slept: list[float]) -> None:
    done: list[str] = []

    async def work() -> None:
        done.append("work")

    run_to_its_end(PromptEnd, work())
    ours, slept[:] = sum(slept), []
    run_to_its_end(mode.Worker, work())
    assert done == ["work", "work"]
    assert ours < 0.1
    assert sum(slept) >= 1.0


def test_a_task_that_still_runs_is_waited_for(slept: list[float]) -> None:
    done: list[str] = []

    async def linger() -> None:
        await asyncio.sleep(0.15)
        done.append("lingered")

    async def work() -> None:
        done.append("work")
        tasks.append(asyncio.get_running_loop().create_task(linger()))

    tasks: list[asyncio.Task[None]] = []
    run_to_its_end(PromptEnd, work())
    assert done == ["work", "lingered"]


def test_the_worker_and_the_commands_are_such(tmp_path: Path) -> None:
    assert issubclass(Worker, PromptEnd)
    app = EgoLogApp(Settings(_env_file=None, run_dir=tmp_path, app_id="prompt"))

    async def nothing(self: Any) -> None: ...

    command = app.command()(nothing)
    del cli.commands["nothing"]
    with click.Context(click.Command("faust"), obj=None) as context:
        made = object.__new__(command)
        made.ctx = context
        assert issubclass(made._Worker, PromptEnd)
