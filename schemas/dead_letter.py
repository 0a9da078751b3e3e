"""`dead.letter`: what could not be processed, where it came from and why."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from schemas.message import Message

MAX_KEPT_BYTES = 65_536


class DeadLetter(Message):
    """The offending bytes (the first 64 KiB), their origin and the error.

    `topic`, `partition` and `offset` are its identity: a letter written twice is one letter.
    `device_id` is `unknown` when the message's key did not name one.
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
