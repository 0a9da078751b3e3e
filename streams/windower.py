"""`audio.frames` and `imu.frames` → `windows`."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any

from infra import metrics
from models.egolog.windows import HAR_WINDOW_S, SCENARIO_WINDOW_S, SPATIAL_WINDOW_S
from models.features import Features
from operators.errors import OperatorError
from operators.windowing import Windowed, Windower, WindowingConfig
from schemas.frames import MODALITIES, NS, AudioFrame, Modality
from streams.engine.dead_letters import dead_letter, to_dead_letter
from streams.engine.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from faust.types import StreamT

    from streams.engine.app import EgoLogApp
    from streams.engine.kafka.received import Received, Token

SOURCES = ("audio.frames", "imu.frames")
# Frames that one hand-over to the pool may carry: enough to make the hand-over cheap, few enough
# that windows leave while a backlog is read.
_FRAMES_AT_ONCE = 16
_IDLE_CHECK_S = 0.5


def register(app: EgoLogApp) -> None:
    """Add the windowing agent to the app."""
    settings = app.settings
    stage = app.publish_queue("windower")
    config = WindowingConfig(
        SPATIAL_WINDOW_S,
        HAR_WINDOW_S,
        SCENARIO_WINDOW_S,
        settings.allowed_lateness_s,
    )
    windower: Windower[Token] = Windower(config, Features())
    operator = asyncio.Lock()
    heard: dict[tuple[str, str, Modality], float] = {}

    @app.reader("windower", *SOURCES)
    async def windower_agent(stream: StreamT[Any]) -> None:
        await stage.receive_batches(stream, _FRAMES_AT_ONCE, take)

    async def take(frames: list[Received[Any]]) -> None:
        async with operator:
            frames = [f for f in frames if not f.stale(app)]
            for device_id in {f.message.device_id for f in frames}:
                if not windower.knows(device_id):
                    checkpoint = await app.runtime.checkpoints.get(stage.name, device_id)
                    windower.restore(device_id, checkpoint)
            loop = asyncio.get_running_loop()
            outcome = await loop.run_in_executor(app.runtime.pool, push, frames)
            await stage.put(outcome)

    def push(frames: list[Received[Any]]) -> Outcome:
        done: Windowed[Token] = Windowed()
        partitions: dict[str, int] = {}
        letters = Outcome()
        for received in frames:
            frame, token = received.message, received.token
            modality: Modality = "audio" if isinstance(frame, AudioFrame) else "imu"
            partitions[frame.device_id] = received.partition
            heard[frame.device_id, frame.session_id, modality] = monotonic()
            try:
                done.add(windower.push(frame, token))
            except OperatorError as error:
                letter = dead_letter(token.message, token.message.value, stage.name, error)
                letters.messages += to_dead_letter(letter, received.partition).messages
                letters.tokens.append(token)
            metrics.frames.labels(modality=modality).inc()
            # The bytes are in the operator now; a held token must not keep them too.
            token.message.value = None
        outcome = as_outcome(done, partitions)
        outcome.messages += letters.messages
        outcome.tokens += letters.tokens
        return outcome

    def as_outcome(done: Windowed[Token], partitions: Mapping[str, int]) -> Outcome:
        count(done)
        return Outcome(
            messages=[
                ("windows", partitions.get(window.device_id), window) for window in done.windows
            ],
            checkpoints=done.checkpoints,
            tokens=done.released,
        )

    @app.task
    async def give_up_on_the_silent() -> None:
        """Tell the operator of streams that are silent although their topic was read to the end."""
        session_end_s = settings.session_end_timeout_s
        while not app.should_stop:
            await app.sleep(_IDLE_CHECK_S)
            if not app.caught_up(*SOURCES):
                continue
            async with operator:
                now = monotonic()
                for session in list(windower.waiting()):
                    age = {
                        m: now - heard.setdefault((session.device_id, session.session, m), now)
                        for m in session.everything
                    }
                    gone = tuple(m for m in session.silent if age[m] > settings.idle_timeout_s)
                    if all(seconds > session_end_s for seconds in age.values()):
                        gone = session.everything
                    if gone:
                        done = windower.give_up(session.device_id, session.session, gone)
                        await stage.put(as_outcome(done, {}))

    @app.on_partitions_assigned.connect
    async def start_afresh(*_: Any, **__: Any) -> None:
        """Partitions are read again from their commits, so what is half done is done again."""
        async with operator:
            windower.forget()
            # Whoever was silent while nothing was read gets the whole time again.
            heard.clear()


def count(done: Windowed[Token]) -> None:
    """Add what happened to the metrics."""
    for window in done.windows:
        metrics.windows.labels(kind=window.kind).inc()
    for modality in MODALITIES:
        for what, counter in (
            ("late_samples", metrics.late_samples),
            ("duplicates", metrics.duplicates),
            ("resets", metrics.resets),
            ("overlaps", metrics.overlaps),
        ):
            counter.labels(modality=modality).inc(done.counts[what, modality])
        metrics.gap_seconds.labels(modality=modality).inc(done.counts["gap_ns", modality] / NS)
