"""What agents are driven with where no broker, store or network takes part."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from streams.engine.kafka.received import Received, Token
from streams.engine.outcome import Outcome
from streams.engine.published_before import PublishedBefore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence


class Inbox:
    """Hands out messages as a partition does, and knows which were acknowledged."""

    def __init__(self, partition: int = 3) -> None:
        self.acked: list[int] = []
        # When messages were written, and by whose clock: 0 the sender's, 1 the broker's.
        self.written_s, self.stamped_by = 0.0, 0
        self._partition = partition
        self._offset = 0

    def receive(self, message: Any, generation: int = 1) -> Received[Any]:
        """Return a message as an agent gets it; offsets count from 0."""
        offset, self._offset = self._offset, self._offset + 1
        consumed = SimpleNamespace(
            topic="topic",
            partition=self._partition,
            offset=offset,
            key=message.device_id.encode(),
            value=b"bytes",
            generation_id=generation,
            timestamp=self.written_s,
            timestamp_type=self.stamped_by,
        )
        return Received(message, Token(consumed, lambda: self.acked.append(offset)))


class Queue:
    """A `PublishQueue` that carries out what it gets at once, and keeps it."""

    name = "stage"

    def __init__(self, received: Sequence[Received[Any]] = ()) -> None:
        self.outcomes: list[Outcome] = []
        self.lanes: list[str] = []
        # The erasure that each piece of work said that it comes after.
        self.after: list[int | None] = []
        self.drops = 0
        self.published = PublishedBefore()
        # Lanes with work that was not taken yet.
        self.working: set[str] = set()
        self._received = received

    async def put(
        self,
        work: Outcome | Awaitable[Outcome],
        tokens: Iterable[Token] = (),
        *,
        lane: str = "",
        after_ms: int | None = None,
    ) -> None:
        """Carry out an outcome."""
        self.after.append(after_ms)
        outcome = work if isinstance(work, Outcome) else await work
        self.outcomes.append(outcome)
        self.lanes.append(lane)
        for token in outcome.tokens:
            token.acknowledge()

    async def drop(self) -> None:
        """Count how often the rest was given up."""
        self.drops += 1

    def has_work(self, lane: str) -> bool:
        """Return whether a test says that something of a lane waits."""
        return lane in self.working

    async def confirmed(self) -> None:
        """Return at once: everything is carried out when it is put."""

    async def receive(self, stream: Any) -> AsyncIterator[Received[Any]]:
        """Yield what it was made with."""
        for received in self._received:
            yield received

    async def receive_batches(
        self,
        stream: Any,
        at_once: int,
        handle: Callable[[list[Received[Any]]], Awaitable[None]],
    ) -> None:
        """Hand over what it was made with, `at_once` together."""
        for first in range(0, len(self._received), at_once):
            await handle(list(self._received[first : first + at_once]))

    def of(self, topic: str) -> list[Any]:
        """Return the messages for a topic."""
        return [m for each in self.outcomes for name, _, m in each.messages if name == topic]


class Checkpoints:
    """The store, with what was asked of it."""

    def __init__(self, values: Mapping[str, bytes] | None = None) -> None:
        self.values = dict(values or {})
        self.asked: list[tuple[str, str]] = []

    async def get(self, stage: str, device_id: str) -> bytes | None:
        """Return what was put last, or None."""
        self.asked.append((stage, device_id))
        return self.values.get(device_id)


class Batcher:
    """A network that says the same of every item, and keeps the items."""

    def __init__(self, says: Any) -> None:
        self.items: list[Any] = []
        self._says = says

    async def submit(self, item: Any) -> Any:
        """Return what the network says."""
        self.items.append(item)
        return self._says
