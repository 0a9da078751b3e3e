"""The event-time join as an operator stage drives it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from operators.joining import Join, Joined, JoinOutput, Span
from streams.engine.operator_stage import Pending
from streams.engine.outcome import Outcome
from streams.engine.silence import AwaitedSession, SessionSilence

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence

    from schemas import Message
    from streams.engine.kafka.received import Received, Token
    from streams.engine.operator_stage import Step

PrimaryT = TypeVar("PrimaryT")


class JoinOperator(Generic[PrimaryT]):
    """Joins primaries with their parts and makes a result of each by `finish`.

    `parts` maps a message type to the part's kind; every other message is a primary. `finish`
    makes the result's messages, for the partition or None where no message led to it; it runs
    beside others, and the tokens and the checkpoint are carried out after its messages, in the
    order of the primaries.
    """

    def __init__(
        self,
        join: Join[PrimaryT, Token],
        parts: Mapping[type[Message], str],
        finish: Callable[[Joined[PrimaryT, Token], int | None], Awaitable[Outcome]],
    ) -> None:
        self._join = join
        self._parts = parts
        self._finish = finish

    def knows(self, device_id: str) -> bool:
        """Return whether this device's checkpoint was restored or found absent."""
        return self._join.knows(device_id)

    def knows_session(self, device_id: str, session_id: str) -> bool:
        """Return whether anything is remembered of a device's session."""
        return self._join.knows_session(device_id, session_id)

    def restore(self, device_id: str, checkpoint: bytes | None) -> None:
        """Take up a device where its checkpoint left it; None for a device without one."""
        self._join.restore(device_id, checkpoint)

    def forget(self) -> None:
        """Drop all state: the partitions were taken away and will be read again."""
        self._join.forget()

    def stream(self, message: Any) -> str:  # noqa: ARG002 - whichever record it is
        """Return the one stream that a session of records is."""
        return SessionSilence.ANY

    def push(self, received: Received[Any]) -> Iterator[Step]:
        """Take a primary or a part."""
        message, token = received.message, received.token
        span = Span(message.device_id, message.session_id, message.start_ns, message.end_ns)
        kind = self._parts.get(type(message))
        if kind is None:
            output = self._join.push_primary(span, message, token)
        else:
            output = self._join.push_part(span, kind, message, token)
        return self._steps(output, received.partition)

    def waiting(self) -> Iterator[AwaitedSession]:
        """Yield the sessions that hold records, with the kinds of parts that they wait for."""
        for device_id, session_id, kinds in self._join.waiting():
            yield AwaitedSession(device_id, session_id, session_id, tuple(kinds), tuple(kinds))

    def give_up(self, session: AwaitedSession, streams: Sequence[str]) -> Iterable[Step]:
        """Make the result of what waits without the parts of these kinds."""
        return self._steps(self._join.give_up(session.device_id, session.name, streams), None)

    def _steps(self, output: JoinOutput[PrimaryT, Token], partition: int | None) -> Iterator[Step]:
        if output.released:
            yield Outcome(tokens=output.released)
        for joined in output.joined:
            yield Pending(partial(self._result, joined, partition), joined.tokens)

    async def _result(self, joined: Joined[PrimaryT, Token], partition: int | None) -> Outcome:
        outcome = await self._finish(joined, partition)
        outcome.tokens += joined.tokens
        outcome.checkpoints = {joined.span.device_id: joined.checkpoint}
        return outcome
