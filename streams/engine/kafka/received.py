"""A decoded message with its origin and the right to acknowledge it."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Generic, TypeVar

from schemas import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from faust.types import Message as KafkaMessage

MessageT = TypeVar("MessageT", bound=Message)


class Token:
    """The right to acknowledge one consumed message, once.

    `after_ms`: the message is newer than any erasure of its device up to this wall time.
    """

    __slots__ = ("_ack", "after_ms", "began", "message")

    def __init__(self, message: KafkaMessage, ack: Callable[[], object], after_ms: int = 0) -> None:
        self.message = message
        self.after_ms = after_ms
        self.began = perf_counter()
        self._ack: Callable[[], object] | None = ack

    def acknowledge(self) -> None:
        """Acknowledge the message on behalf of this agent; further calls do nothing."""
        ack, self._ack = self._ack, None
        if ack is not None:
            ack()


@dataclass(frozen=True)
class Received(Generic[MessageT]):
    """A message as an agent gets it."""

    message: MessageT
    token: Token

    def stale(self, generation_id: int) -> bool:
        """Return whether a rebalance has happened since: the message will be read again.

        `generation_id` is that of the current assignment. An operator must not see a stale message,
        because it might precede older ones.
        """
        mine = self.token.message.generation_id
        return mine is not None and mine != generation_id

    @property
    def after_ms(self) -> int:
        """The erasure that the message comes after, ms since the epoch; 0 for none."""
        return self.token.after_ms

    @property
    def partition(self) -> int:
        """The partition it came from; results go to the same one."""
        return int(self.token.message.partition)
