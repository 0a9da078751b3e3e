"""What is to be done for a piece of work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas import Message
    from streams.engine.kafka.received import Token

ValueT = TypeVar("ValueT")


@dataclass
class Outcome:
    """What is to be done for a piece of work, in this order.

    `messages` (topic, partition, message) are published and confirmed, then the `checkpoints` are
    stored, then the `tokens` are acknowledged. So an acknowledged input has all its results out.
    """

    messages: list[tuple[str, int | None, Message]] = field(default_factory=list)
    checkpoints: Mapping[str, bytes] = field(default_factory=dict)
    tokens: list[Token] = field(default_factory=list)

    def add(self, later: Outcome) -> None:
        """Append what a later piece of work brought about."""
        self.messages += later.messages
        self.checkpoints = {**self.checkpoints, **later.checkpoints}
        self.tokens += later.tokens

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.messages or self.checkpoints or self.tokens)


@dataclass
class ValuedOutcome(Outcome, Generic[ValueT]):
    """The outcome of an agent's work, and its `value` for the agents that need it in memory.

    There is no value where the work failed.
    """

    value: ValueT | None = None
