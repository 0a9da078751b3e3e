"""The codec of every topic that a worker writes."""

from __future__ import annotations

from typing import Any

from faust.serializers.codecs import Codec

from schemas import Message


class MessageCodec(Codec):
    """Encodes any message of `schemas`; decoding needs the topic's type, so agents take bytes."""

    def _dumps(self, obj: Any) -> bytes:
        if not isinstance(obj, Message):
            raise TypeError(f"value is a {type(obj).__name__}; expected a message of schemas")
        return obj.encode()

    def _loads(self, s: bytes) -> Any:
        return s
