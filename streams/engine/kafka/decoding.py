"""Bytes to messages, once per message however many agents read it."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from schemas import Frame, Message, SchemaError
from schemas.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from faust.types import Message as KafkaMessage

# A few times the agents' read-ahead: what one agent decoded is still here when the next asks.
_REMEMBERED = 256
# Topic, partition, offset and time of writing.
_Identity = tuple[str, int, int, float]


class Decoder:
    """Decodes by topic and remembers the latest results by where and when they were written.

    A topic that was deleted and created again has its offsets anew. In those of `compacted` a
    message without a value says that nothing is said by its key any more. `require` raises
    `SchemaError` for what may not be read, whatever it says.
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
        self._latest: OrderedDict[tuple[str, int, int, float], Message | SchemaError] = (
            OrderedDict()
        )
        # The envelopes of frames that were opened and not decoded yet.
        self._opened: WeakKeyDictionary[KafkaMessage, Any] = WeakKeyDictionary()

    def open(self, message: KafkaMessage) -> tuple[str, Any] | None:
        """Return a frame's type and its fields, which are not validated yet.

        None of what is no frame, and of what cannot be opened or may not be read: `decode` says
        why. So nobody is charged with what was sent in another's name.
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
        """Return whether a message has no value, in a topic where that may be."""
        return value is None and message.topic in self._compacted

    def decode(self, message: KafkaMessage, value: bytes) -> tuple[Message | SchemaError, bool]:
        """Return the message or its error, and whether this is the first time it is decoded."""
        identity = (message.topic, message.partition, message.offset, message.timestamp)
        latest = self._latest.get(identity)
        if latest is not None:
            return latest, False
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
            decoded = error
        # Of frames, the largest messages, nobody asks a second time.
        if not isinstance(decoded, Frame):
            self._latest[identity] = decoded
        while len(self._latest) > _REMEMBERED:
            self._latest.popitem(last=False)
        return decoded, True


def _check_key(message: KafkaMessage, decoded: Message | SchemaError) -> None:
    """A key that is not the device would have sent it to another device's partition."""
    if isinstance(decoded, Message) and message.key != decoded.key.encode():
        name = "device_id" if decoded.key == decoded.device_id else "id"
        raise InvalidError(
            f"message key is {bytes(message.key or b'')[:64]!r}, but {name} is "
            f"{decoded.key!r}; the key must be the {name}"
        )
