from __future__ import annotations

from typing import TYPE_CHECKING, cast

import httpx
import pytest

from infra.local.probe import free_port
from infra.settings import load
from tests.pipeline import running
from tests.pipeline.running import Worker, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.warm_process import FaustProcess


class Process:
    """A worker's process that ends when a test says so."""

    status: int | None = None

    def poll(self) -> int | None:
        return self.status

    def kill(self) -> None:
        self.status = -9


@pytest.fixture
def process() -> Process:
    return Process()


@pytest.fixture
def worker(process: Process, tmp_path: Path) -> Worker:
    log = tmp_path / "worker.log"
    log.write_text("the worker ends: out of memory\n")
    settings = load(env_file=None, web_port=free_port(), run_dir=tmp_path / "run")
    return Worker(settings, cast("FaustProcess", process), [log])


def test_a_worker_that_does_not_become_ready_is_not_left_behind(
    worker: Worker, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "READY_S", 0.0)
    monkeypatch.setattr(running, "FaustProcess", lambda *_: process)
    with pytest.raises(AssertionError, match="not within 0 s"), worker:
        pass
    assert process.status == -9


def test_a_wait_for_a_worker_that_ended_fails_at_once_with_what_it_wrote(
    worker: Worker, process: Process
) -> None:
    process.status = 1
    with pytest.raises(AssertionError, match="ended with status 1 and wrote:\nthe worker ends"):
        worker.wait_until(lambda: False, 60.0)


def test_an_answer_that_does_not_come_says_how_the_worker_is(worker: Worker) -> None:
    with pytest.raises(httpx.ConnectError) as refused:
        worker.metric("egolog_consumer_lag")
    [note] = refused.value.__notes__
    assert note.startswith("the worker runs and wrote:\nthe worker ends: out of memory")


def test_a_wait_outlasts_answers_that_do_not_come() -> None:
    answers = iter([False, True])

    def condition() -> bool:
        if next(answers):
            return True
        raise httpx.ReadTimeout("timed out")

    wait_for(condition, 60.0, str)


def test_a_wait_that_ends_names_the_answer_that_did_not_come() -> None:
    def condition() -> bool:
        raise httpx.ReadTimeout("timed out")

    with pytest.raises(AssertionError, match=r"not within 0 s \(ReadTimeout\('timed out'\)\)"):
        wait_for(condition, 0.0, str)
