"""The message base class and its envelope.

On the wire a message is msgpack `[type, version, crc32(body), body]`, where `body` is the msgpack
map of its fields. The checksum turns every damaged byte into a typed error: a flipped bit in a
time stamp would otherwise pass every field check and move a device's watermark by years.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self
from zlib import crc32

import msgpack
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.errors import (
    ChecksumError,
    InvalidError,
    MalformedError,
    TooLargeError,
    UnknownVersionError,
    WrongTypeError,
)
from schemas.ids import ID_PATTERN

DeviceId = Annotated[str, Field(pattern=ID_PATTERN)]
SessionId = Annotated[str, Field(pattern=ID_PATTERN)]
END_OF_TIME_NS = 2**62
"""Every event time is before it: the end, ns since the epoch, of a span that has none.

That is the year 2116: late enough, and the sum of two fits into int64.
"""
TimeNs = Annotated[int, Field(ge=0, lt=END_OF_TIME_NS)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Probabilities = dict[str, Probability]
Label = Annotated[str, Field(min_length=1, max_length=128)]

_ENVELOPE_LIMITS: dict[str, Any] = {
    "raw": False,
    "strict_map_key": True,
    "max_str_len": 65_536,
    "max_array_len": 65_536,
    "max_map_len": 4_096,
    "max_ext_len": 0,
}


class Message(BaseModel):
    """Base of everything on a topic: frozen, strict, with a type, a version and a size bound.

    `FORMER_TYPES` are names that the type had before: messages of these are read, never written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    TYPE: ClassVar[str]
    FORMER_TYPES: ClassVar[frozenset[str]] = frozenset()
    VERSION: ClassVar[int] = 1
    MAX_BYTES: ClassVar[int] = 1_000_000

    device_id: DeviceId

    @property
    def key(self) -> str:
        """The message's key: its device's id, unless a type overrides it."""
        return self.device_id

    def fields(self) -> dict[str, Any]:
        """Return the fields of the wire format."""
        return self.model_dump(mode="python")

    def encode(self) -> bytes:
        """Return the envelope's bytes; raises `TooLargeError` above `MAX_BYTES`."""
        body = msgpack.packb(self.fields(), use_bin_type=True)
        packed: bytes = msgpack.packb(
            [self.TYPE, self.VERSION, crc32(body), body], use_bin_type=True
        )
        if len(packed) > self.MAX_BYTES:
            raise TooLargeError(_too_large(self.TYPE, len(packed), self.MAX_BYTES))
        return packed

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read an envelope; raises a `SchemaError` and nothing else, whatever the bytes."""
        return cls.validated(cls.open(data))

    @classmethod
    def open(cls, data: bytes) -> Any:
        """Return the fields of an intact envelope, for `validated`.

        Raises a `SchemaError`.
        """
        if not isinstance(data, bytes | bytearray | memoryview):
            raise MalformedError(f"{cls.TYPE} message has no value; expected an envelope's bytes")
        if len(data) > cls.MAX_BYTES:
            raise TooLargeError(_too_large(cls.TYPE, len(data), cls.MAX_BYTES))
        body = cls._open(bytes(data))
        try:
            return msgpack.unpackb(body, max_bin_len=len(body), **_ENVELOPE_LIMITS)
        except Exception as error:
            raise MalformedError(f"{cls.TYPE} body is not msgpack: {_brief(error)}") from error

    @classmethod
    def validated(cls, fields: Any) -> Self:
        """Return the message of an opened envelope; raises a `SchemaError`."""
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise InvalidError(_first_failure(cls.TYPE, error)) from error
        except (ValueError, TypeError, RecursionError, OverflowError) as error:
            raise InvalidError(f"{cls.TYPE} is not valid: {_brief(error)}") from error

    @classmethod
    def _open(cls, data: bytes) -> bytes:
        try:
            envelope = msgpack.unpackb(data, max_bin_len=len(data), **_ENVELOPE_LIMITS)
        except Exception as error:
            # msgpack raises ValueError, its own exceptions and UnicodeDecodeError alike.
            raise MalformedError(f"{cls.TYPE} envelope is not msgpack: {_brief(error)}") from error
        if not isinstance(envelope, list) or len(envelope) != 4:
            raise MalformedError(
                f"{cls.TYPE} envelope is a {type(envelope).__name__}; "
                "expected [type, version, crc32, body]"
            )
        kind, version, checksum, body = envelope
        if (
            not isinstance(kind, str)
            or type(version) is not int
            or type(checksum) is not int
            or not isinstance(body, bytes)
        ):
            raise MalformedError(
                f"{cls.TYPE} envelope has wrong field types; expected [str, int, int, bytes]"
            )
        if crc32(body) != checksum:
            raise ChecksumError(
                f"{cls.TYPE} body has crc32 {crc32(body)}, but the envelope says {checksum}"
            )
        if kind != cls.TYPE and kind not in cls.FORMER_TYPES:
            raise WrongTypeError(f"message type is {kind[:64]!r}; this topic carries {cls.TYPE!r}")
        if version != cls.VERSION:
            raise UnknownVersionError(
                f"{cls.TYPE} has schema version {version}; this build reads {cls.VERSION}"
            )
        return body


def _too_large(kind: str, size: int, limit: int) -> str:
    return f"{kind} message has {size} bytes; at most {limit} are allowed"


def _brief(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:200]


def _first_failure(kind: str, error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "message"
    value = repr(first.get("input"))
    shown = value if len(value) <= 80 else value[:77] + "..."
    message = first["msg"][:1].lower() + first["msg"][1:]
    return f"{kind} field {where} has value {shown}: {message}"
