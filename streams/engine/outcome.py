"""The results of a piece of work, and the order in which they take effect."""

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
    """The results of a piece of work, in the order in which they take effect.

    `messages` (topic, partition, message) are published and confirmed, then the `checkpoints` are
    stored, then the `tokens` are acknowledged. So all results of an acknowledged input are durable.
    """

    messages: list[tuple[str, int | None, Message]] = field(default_factory=list)
    checkpoints: Mapping[str, bytes] = field(default_factory=dict)
    tokens: list[Token] = field(default_factory=list)

    def add(self, later: Outcome) -> None:
        """Append the results of a later piece of work."""
        self.messages += later.messages
        self.checkpoints = {**self.checkpoints, **later.checkpoints}
        self.tokens += later.tokens

    def __bool__(self) -> bool:
        """Return whether there is anything to do."""
        return bool(self.messages or self.checkpoints or self.tokens)


@dataclass
class ValuedOutcome(Outcome, Generic[ValueT]):
    """An outcome with a `value` for other agents of the same process, None if the work failed."""

    value: ValueT | None = None
