"""A small learning loop: a fine-tuner beside the worker, the refiners, and the new revisions."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from infra.broker.topic_reader import read_all
from infra.errors import ServiceError
from infra.local.probe import free_port, port_is_free
from infra.local.process import ChildProcess
from infra.model_store import deployment
from infra.model_store.replay_buffer import FINETUNE_FOLDER
from infra.settings import Settings, env_name
from schemas import FinetuneItem, ModelUpdate, Refined
from schemas.scenario import NO_REFINER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.model_store.history import Attempt

# Half of the day and a short training, for a quick demo.
AFTER = 24
SEQUENCE_STEPS = 100
# Of the worker too. A first start on a busy machine compiles what it imports; one that ends is
# noticed at once.
START_TIMEOUT_S = 300.0
# For an attempt in progress at the day's end: a process that imports torch and trains.
ATTEMPT_TIMEOUT_S = 90.0


@contextmanager
def finetuner(settings: Settings) -> Iterator[ChildProcess]:
    """Run a fine-tuner without data of earlier demos; if it fails, the demo continues."""
    shutil.rmtree(settings.run_dir / FINETUNE_FOLDER, ignore_errors=True)
    port = free_port()
    values = {
        "run_dir": settings.run_dir,
        "app_id": settings.app_id,
        "finetune_after": AFTER,
        "finetune_sequence_steps": SEQUENCE_STEPS,
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
    """Return the number of refinements by refiner and the revisions tried, a line each.

    Waits briefly for a pending attempt while the fine-tuner is `running`.
    """
    answers = {r.window_id: r for r in await read_all(settings, "scenario.refined", Refined)}
    by = Counter(answer.refined_by for answer in answers.values())
    queue = {i.window_id: i for i in await read_all(settings, "finetune.queue", FinetuneItem)}
    named = sum(bool(item.pseudo_labels) for item in queue.values())
    deadline = time.monotonic() + ATTEMPT_TIMEOUT_S * running * (named >= AFTER)
    tried = await deployment.history(settings)
    while not tried and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        tried = await deployment.history(settings)
    return [
        f"refined:    {refined_line(by)}; {len(queue)} looked at",
        *revision_lines(tried, await deployment.in_use(settings), named),
    ]


def refined_line(by: Counter[str]) -> str:
    """Return how many of the uncertain or contradicted records each refiner decided."""
    named = {name: count for name, count in by.most_common() if name != NO_REFINER}
    who = "".join(f", {count} by {name}" for name, count in named.items())
    return f"{sum(named.values())} of {by.total()} doubtful scenario records{who}"


def revision_lines(tried: Sequence[Attempt], now: ModelUpdate, named: int) -> list[str]:
    """Return the outcome of each revision, and which one is in use."""
    lines = [
        f"  {attempt.revision} {attempt.state}: {attempt.reason or 'no reason'}"
        for attempt in tried
    ]
    why = "" if tried else f", {named} windows were named and {AFTER} make an attempt"
    return [f"revisions:  {len(tried)} tried{why}; in use: {now.revision}", *lines]
