"""Decodes each message once, however many agents read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from schemas import Frame, Message, SchemaError
from schemas.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from faust.types import Message as KafkaMessage


class Decoder:
    """Decodes by topic, and keeps a message's result as long as any agent holds the message.

    In `compacted` topics a message without a value is a tombstone. `require` raises `SchemaError`
    for a message whose sender is not authorised, before it is decoded.
    """

    def __init__(
        self,
        types: Mapping[str, type[Message]],
        compacted: Collection[str] = frozenset(),
        require: Callable[[KafkaMessage], None] = lambda message: None,  # noqa: ARG005 - the signature is its callers'
    ) -> None:
        self._types = types
        self._compacted = compacted
        self._require = require
        self._decoded: WeakKeyDictionary[KafkaMessage, Message | SchemaError] = WeakKeyDictionary()
        # Fields of frames whose envelope was opened and that are not decoded yet.
        self._opened: WeakKeyDictionary[KafkaMessage, Any] = WeakKeyDictionary()

    def open(self, message: KafkaMessage) -> tuple[str, Any] | None:
        """Return a frame's type and its fields, which are not validated yet.

        Returns None for other messages, and for frames that cannot be opened or are not authorised
        (`decode` reports why): no device is charged with frames sent in its name by another.
        """
        kind = self._types.get(message.topic)
        if kind is None or not issubclass(kind, Frame):
            return None
        try:
            self._require(message)
            fields = kind.open(message.value or b"")
        except SchemaError:
            return None
        self._opened[message] = fields
        return kind.TYPE, fields

    def is_tombstone(self, message: KafkaMessage, value: bytes | None) -> bool:
        """Return whether a message of a compacted topic has no value."""
        return value is None and message.topic in self._compacted

    def decode(self, message: KafkaMessage, value: bytes) -> tuple[Message | SchemaError, bool]:
        """Return the message or its error, and whether this is the first time it is decoded."""
        earlier = self._decoded.get(message)
        if earlier is not None:
            return earlier, False
        kind = self._types[message.topic]
        fields = self._opened.pop(message, None) if self._opened else None
        try:
            decoded: Message | SchemaError
            if fields is None:
                self._require(message)
                decoded = kind.decode(value)
            else:
                decoded = kind.validated(fields)
            _check_key(message, decoded)
        except SchemaError as error:
            # The traceback's frames hold the message, which would never be freed.
            error.__cause__ = error.__context__ = None
            decoded = error.with_traceback(None)
        # Frames are the largest messages, and only one agent reads them.
        if not isinstance(decoded, Frame):
            self._decoded[message] = decoded
        return decoded, True


def _check_key(message: KafkaMessage, decoded: Message | SchemaError) -> None:
    """Raise `InvalidError` for a key other than the device: it selects the wrong partition."""
    if isinstance(decoded, Message) and message.key != decoded.key.encode():
        name = "device_id" if decoded.key == decoded.device_id else "id"
        raise InvalidError(
            f"message key is {bytes(message.key or b'')[:64]!r}, but {name} is "
            f"{decoded.key!r}; the key must be the {name}"
        )
