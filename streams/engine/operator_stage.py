"""A join operator inside an ordered stage: checkpoints, silence and rebalances."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from operators.joining import Join, Joined, JoinOutput, Span
from streams.engine.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from streams.engine.app import EgoLogApp
    from streams.engine.kafka.received import Received, Token
    from streams.engine.publish_queue import PublishQueue

PrimaryT = TypeVar("PrimaryT")
_IDLE_CHECK_S = 0.5


@dataclass
class JoinStage(Generic[PrimaryT]):
    """Feeds a join with received messages and puts what it joins through `finish`.

    `parts` maps a message type to the part's kind; every other message is a primary. `finish`
    makes the result's messages; it runs concurrently with others, and its tokens and checkpoint
    are carried out after its messages, in the order of the primaries.
    """

    app: EgoLogApp
    stage: PublishQueue
    join: Join[PrimaryT, Token]
    parts: Mapping[type, str]
    finish: Callable[[Joined[PrimaryT, Token], int | None], Awaitable[Outcome]]

    def __post_init__(self) -> None:
        self._operator = asyncio.Lock()
        self._heard: dict[tuple[str, str], float] = {}
        self.app.task(self._give_up_on_the_silent)
        self.app.on_partitions_assigned.connect(self._start_afresh, weak=False)

    async def take(self, received: Received[Any]) -> None:
        """Push one message into the join and queue what follows from it."""
        message, token = received.message, received.token
        async with self._operator:
            if received.stale(self.app):
                return
            if not self.join.knows(message.device_id):
                checkpoint = await self.app.runtime.checkpoints.get(
                    self.stage.name, message.device_id
                )
                self.join.restore(message.device_id, checkpoint)
            span = Span(message.device_id, message.session_id, message.start_ns, message.end_ns)
            self._heard[span.device_id, span.session_id] = monotonic()
            kind = self.parts.get(type(message))
            if kind is None:
                out = self.join.push_primary(span, message, token)
            else:
                out = self.join.push_part(span, kind, message, token)
            await self._queue(out, received.partition)

    async def _queue(self, out: JoinOutput[PrimaryT, Token], partition: int | None) -> None:
        if out.released:
            await self.stage.put(Outcome(tokens=out.released))
        for joined in out.joined:
            await self.stage.put(self._finish(joined, partition), joined.tokens)

    async def _finish(self, joined: Joined[PrimaryT, Token], partition: int | None) -> Outcome:
        outcome = await self.finish(joined, partition)
        outcome.tokens += joined.tokens
        outcome.checkpoints = {joined.span.device_id: joined.checkpoint}
        return outcome

    async def _give_up_on_the_silent(self) -> None:
        settings = self.app.settings
        while not self.app.should_stop:
            await self.app.sleep(_IDLE_CHECK_S)
            quiet = self.app.quiet_s() > settings.idle_timeout_s
            async with self._operator:
                now = monotonic()
                for device_id, session_id, kinds in list(self.join.waiting()):
                    silent_s = now - self._heard.setdefault((device_id, session_id), now)
                    # While a stage works, a part may still come. A part that nobody waits for may
                    # be context for the session's next window.
                    lost = bool(kinds) and quiet and silent_s > settings.idle_timeout_s
                    if lost or silent_s > settings.session_end_timeout_s:
                        self._heard[device_id, session_id] = now
                        await self._queue(self.join.give_up(device_id, session_id, kinds), None)

    async def _start_afresh(self, *_: Any, **__: Any) -> None:
        async with self._operator:
            self.join.forget()
            # Whoever was silent while nothing was read gets the whole time again.
            self._heard.clear()
