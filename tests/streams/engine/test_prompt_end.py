from __future__ import annotations

import asyncio
import os
import signal
import time
from io import StringIO
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click
import mode
import pytest
from faust.cli.base import AppCommand, cli

from infra.settings import Settings
from streams.engine.app import EgoLogApp
from streams.engine.prompt_command import CommandWorker, PromptCommand
from streams.engine.prompt_end import PromptEnd
from streams.engine.worker import Worker
from tests.stopped import HANGUP, SIGNALS

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


@pytest.mark.parametrize(
    ("by", "until_stopped", "status"),
    [
        (signal.SIGINT, False, 130),
        (signal.SIGTERM, False, 143),
        pytest.param(signal.SIGHUP, False, 129, marks=HANGUP),
        (signal.SIGINT, True, 0),
        (signal.SIGTERM, True, 0),
        pytest.param(signal.SIGHUP, True, 0, marks=HANGUP),
    ],
)
def test_a_command_that_a_signal_stops_before_its_work_is_done_says_so_by_its_status(
    by: signal.Signals, until_stopped: bool, status: int
) -> None:
    async def work() -> None:
        os.kill(os.getpid(), by)
        await asyncio.Event().wait()

    loop, said = asyncio.new_event_loop(), StringIO()
    worker = CommandWorker(
        mode.Service.from_awaitable(work(), name="work", loop=loop),
        loop=loop,
        redirect_stdouts=False,
        daemon=False,
        stderr=said,
    )
    worker.until_stopped = until_stopped
    with pytest.raises(SystemExit) as ended:
        worker.execute_from_commandline()
    assert ended.value.code == status
    assert said.getvalue() == ("interrupted\n" if status else "")


def test_what_nohup_started_goes_on_without_its_terminal() -> None:
    done: list[str] = []

    async def work() -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0.05)
        done.append("work")

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        run_to_its_end(CommandWorker, work())
    finally:
        signal.signal(signal.SIGHUP, before)
    assert done == ["work"]


@pytest.mark.parametrize("in_a_task", [False, True])
@SIGNALS
def test_a_signal_ends_a_command_whose_work_keeps_the_loop_and_what_it_wrote_is_deleted(
    tmp_path: Path, by: signal.Signals, status: int, in_a_task: bool
) -> None:
    class Command(PromptCommand):
        abstract = True

        async def run(self, *_: object, **__: object) -> None:
            await (asyncio.ensure_future(keep_loop()) if in_a_task else keep_loop())

    async def keep_loop() -> None:
        with TemporaryDirectory(dir=tmp_path):
            os.kill(os.getpid(), by)
            until = time.monotonic() + 60
            while time.monotonic() < until:
                time.sleep(0.01)

    loop, said = asyncio.new_event_loop(), StringIO()
    command = object.__new__(Command)
    work = mode.Service.from_awaitable(command.execute(), name="work", loop=loop)
    worker = CommandWorker(work, loop=loop, redirect_stdouts=False, daemon=False, stderr=said)
    began = time.monotonic()
    with pytest.raises(SystemExit) as ended:
        worker.execute_from_commandline()
    assert (ended.value.code, said.getvalue()) == (status, "interrupted\n")
    assert time.monotonic() - began < 30
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "until_stopped"),
    [
        ({}, False),
        ({"once": True}, False),
        ({"once": False}, True),
        ({"endless": True}, True),
        ({"endless": False}, False),
    ],
)
def test_what_runs_until_ctrl_c_ends_by_it(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, bool], until_stopped: bool
) -> None:
    monkeypatch.setattr(AppCommand, "as_service", lambda *_, **__: None)
    loop = asyncio.new_event_loop()
    command, worker = object.__new__(PromptCommand), CommandWorker(loop=loop)
    command.as_service(loop, **options)
    command.on_worker_created(worker)
    loop.close()
    assert worker.until_stopped is until_stopped


def test_the_worker_and_the_commands_are_such(tmp_path: Path) -> None:
    assert issubclass(Worker, PromptEnd)
    app = EgoLogApp(Settings(_env_file=None, run_dir=tmp_path, app_id="prompt"))

    async def nothing(self: Any) -> None: ...

    command = app.command()(nothing)
    del cli.commands["nothing"]
    with click.Context(click.Command("faust"), obj=None) as context:
        made = object.__new__(command)
        made.ctx = context
        assert issubclass(made._Worker, CommandWorker)
