"""One training run in a separate process, with the job on its standard input.

It is started as `python -m streams.finetuning.training_process`.

It is a process rather than a thread so that it does not slow down a worker: it is nice, has its own
threads, and ends with the fine-tuner that started it, even on kill -9.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import FinetuneError, InfraError
from infra.local.parent_death import end_with_parent
from infra.model_store.replay_buffer import ReplayBuffer

if TYPE_CHECKING:
    from infra.settings import Settings

NICE = 19
_OUTPUT_CHARS = 300


@dataclass(frozen=True)
class TrainingJob:
    """The inputs and the output of a training run: paths as text, to be written as JSON.

    `in_use` is the network to improve on, None for that of `weights_dir`, None for the package's;
    the buffer's messages are used up to the number `up_to`.
    """

    buffer: str
    most: int
    up_to: int
    weights_dir: str | None
    in_use: str | None
    out: str
    sequence_steps: int
    threads: int
    parent: int


@dataclass(frozen=True)
class TrainingResult:
    """A candidate in the job's output file, and the verdict of the gate."""

    revision: str
    learned: int
    held_out: int
    outcome: str
    reason: str
    before: dict[str, float]
    after: dict[str, float]


def job(
    settings: Settings, buffer: Path, up_to: int, in_use: Path | None, out: Path
) -> TrainingJob:
    """Return the job of a fine-tuner with these settings."""
    return TrainingJob(
        buffer=str(buffer.absolute()),
        most=settings.finetune_buffer_max,
        up_to=up_to,
        weights_dir=None if settings.weights_dir is None else str(settings.weights_dir.absolute()),
        in_use=None if in_use is None else str(in_use.absolute()),
        out=str(out.absolute()),
        sequence_steps=settings.finetune_sequence_steps,
        threads=settings.finetune_threads,
        parent=os.getpid(),
    )


async def run_training(work: TrainingJob) -> TrainingResult:
    """Run a job in a separate process and return its result; raises `FinetuneError`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "streams.finetuning.training_process",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # Read when torch is imported.
        env={**os.environ, "OMP_NUM_THREADS": str(work.threads)},
    )
    try:
        output, errors = await process.communicate(json.dumps(asdict(work)).encode())
    except BaseException:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    if process.returncode != 0:
        lines = errors.decode(errors="replace").strip().splitlines()
        raise FinetuneError(
            f"training ended with status {process.returncode}: "
            f"{lines[-1][:_OUTPUT_CHARS] if lines else 'it output nothing'}"
        )
    return TrainingResult(**json.loads(output))


def main() -> None:
    """Do the job on standard input and print its result; errors are one line."""
    work = TrainingJob(**json.load(sys.stdin))
    end_with_parent(work.parent)
    os.nice(NICE)
    try:
        print(json.dumps(asdict(_result(work))))
    except (InfraError, RuntimeError, ValueError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        raise SystemExit(1) from error


def _result(work: TrainingJob) -> TrainingResult:
    # torch takes seconds to import, which the fine-tuner itself saves.
    import torch

    from models.finetuning.acceptance_gate import GateSettings
    from models.finetuning.revise import revise
    from models.finetuning.tune import TuneSettings
    from models.serving.registry import WEIGHTS_DIR, Registry
    from schemas import FinetuneItem

    torch.set_num_threads(work.threads)
    with ReplayBuffer(Path(work.buffer), work.most) as buffer:
        items = [FinetuneItem.decode(message) for message in buffer.messages(work.up_to)]
    result = revise(
        Registry(WEIGHTS_DIR if work.weights_dir is None else Path(work.weights_dir)),
        items,
        None if work.in_use is None else Path(work.in_use),
        Path(work.out),
        TuneSettings(sequence_steps=work.sequence_steps),
        GateSettings(),
    )
    verdict = result.verdict
    return TrainingResult(
        result.revision,
        result.learned,
        result.held_out,
        verdict.outcome,
        verdict.reason,
        verdict.before,
        verdict.after,
    )


if __name__ == "__main__":
    main()
