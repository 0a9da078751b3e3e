"""Messages as Faust's consumer hands them to agents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faust.types import Message

if TYPE_CHECKING:
    from collections.abc import Callable


class ConsumedMessage(Message):  # type: ignore[misc]  # Faust is untyped
    """A message of the present assignment, that tells `on_ack` when it is acknowledged."""

    def __init__(
        self,
        topic: str,
        partition: int,
        offset: int,
        value: bytes,
        *,
        key: bytes = b"d",
        on_ack: Callable[[int], object] = lambda _offset: None,
    ) -> None:
        super().__init__(topic, partition, offset, 1.0, 0, (), key, value, None, generation_id=1)
        self.tracked = True
        self._on_ack = on_ack

    def ack(self, consumer: object, n: int = 1) -> bool:
        """Tell who consumed it."""
        del consumer, n
        self._on_ack(self.offset)
        return True
