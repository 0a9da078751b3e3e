"""`dead.letter`: messages that could not be processed, with origin and reason."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from schemas.message import Message

MAX_KEPT_BYTES = 65_536


class DeadLetter(Message):
    """The offending bytes (the first 64 KiB), their origin and the error.

    `topic`, `partition`, `offset` and `window_id` are its identity: a letter written twice is one
    letter. `device_id` is `unknown` if the message's key is not a device. A window was never in a
    topic: its letter has its `window_id` and offset 0.
    """

    TYPE: ClassVar[str] = "dead.letter"
    topic: str = Field(max_length=249)
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]
    stage: str = Field(max_length=64)
    reason: str = Field(max_length=64)
    error: str = Field(max_length=1000)
    size: Annotated[int, Field(ge=0)]
    value: bytes = Field(max_length=MAX_KEPT_BYTES, repr=False)
    window_id: str = Field("", max_length=200)

    @property
    def identity(self) -> tuple[str, int, int, str]:
        """What tells it from other letters: topic, partition and offset, and the window's id."""
        return self.topic, self.partition, self.offset, self.window_id

    @property
    def origin(self) -> str:
        """Its origin: a message as `topic[partition]@offset`, a window by its id."""
        return self.window_id or f"{self.topic}[{self.partition}]@{self.offset}"
