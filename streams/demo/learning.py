"""The loop in small: a fine-tuner beside the worker, who refined, and what was learned from it."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra.errors import ServiceError
from infra.probe import free_port, port_is_free
from infra.process import ChildProcess
from infra.revisions import Attempt
from infra.settings import Settings, env_name
from schemas import ModelUpdate, Refined
from schemas.scenario import NOBODY
from streams.finetuner import FOLDER
from streams.producers import revisions
from streams.producers.letters import read_all

# A day of the simulator is what the networks know best: hardly a window of it is below 0.5, and
# nothing would be asked or learned.
REFINE_BELOW = 0.95
AFTER = 6
START_TIMEOUT_S = 60.0
# An attempt under way at the day's end: a process that imports torch and trains a head.
ATTEMPT_TIMEOUT_S = 45.0


@contextmanager
def finetuner(settings: Settings) -> Iterator[ChildProcess]:
    """Run a fine-tuner that knows nothing of earlier demos; without one the demo goes on."""
    shutil.rmtree(settings.run_dir / FOLDER, ignore_errors=True)
    port = free_port()
    values = {
        "run_dir": settings.run_dir,
        "app_id": settings.app_id,
        "finetune_after": AFTER,
        "finetune_metrics_port": port,
    }
    child = ChildProcess(
        "finetune",
        [sys.executable, "-m", "faust", "-A", "streams.app", "finetune"],
        port=port,
        log=settings.run_dir / "finetune.log",
        env={env_name(name): str(value) for name, value in values.items()},
        cwd=Path.cwd(),
    )
    try:
        child.start(lambda: not port_is_free(port), START_TIMEOUT_S)
    except ServiceError as error:
        print(f"no fine-tuner: {error}")
    try:
        yield child
    finally:
        child.stop()


async def summary(settings: Settings, *, running: bool) -> list[str]:
    """Return who refined how much and which revisions were tried, a line each.

    Waits a little for an attempt that is due while the fine-tuner is `running`.
    """
    answers = {r.window_id: r for r in await read_all(settings, "scenario.refined", Refined)}
    by = Counter(answer.refined_by for answer in answers.values())
    named = len(answers) - by[NOBODY]
    deadline = time.monotonic() + ATTEMPT_TIMEOUT_S * running * (named >= AFTER)
    tried = await revisions.history(settings)
    while not tried and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        tried = await revisions.history(settings)
    return [
        f"refined:    {refined_line(by)}",
        *revision_lines(tried, await revisions.in_use(settings), named),
    ]


def refined_line(by: Counter[str]) -> str:
    """Return how many uncertain records each refiner decided."""
    named = {name: count for name, count in by.most_common() if name != NOBODY}
    who = "".join(f", {count} by {name}" for name, count in named.items())
    return f"{sum(named.values())} of {by.total()} uncertain scenario records{who}"


def revision_lines(tried: Sequence[Attempt], now: ModelUpdate, named: int) -> list[str]:
    """Return what became of each revision, and which one is in use."""
    lines = [
        f"  {attempt.revision} {attempt.state}: {attempt.reason or 'no reason'}"
        for attempt in tried
    ]
    why = "" if tried else f", {named} windows were named and {AFTER} make an attempt"
    return [f"revisions:  {len(tried)} tried{why}; in use: {now.revision}", *lines]
