"""Errors of the wire format.

```
SchemaError                 every error below; `reason` is a stable code for metrics
├── TooLargeError           more bytes than the topic allows, checked before anything is decoded
├── MalformedError          not an envelope of ours, or not msgpack
├── ChecksumError           an envelope whose body was damaged in transit
├── WrongTypeError          a valid envelope of another message type
├── UnknownVersionError     a valid envelope of a schema version this build does not read
├── InvalidError            a valid envelope whose fields violate the schema
└── SignatureError          a message without a required valid signature
```
"""

from __future__ import annotations


class SchemaError(ValueError):
    """A message cannot be read; the text has the fault and what would be valid."""

    reason: str = "schema"


class TooLargeError(SchemaError):
    """The message is larger than its topic allows."""

    reason = "too_large"


class MalformedError(SchemaError):
    """The bytes are not an envelope."""

    reason = "malformed"


class ChecksumError(SchemaError):
    """The body does not match the envelope's CRC-32."""

    reason = "checksum"


class WrongTypeError(SchemaError):
    """The envelope's message type is not the topic's."""

    reason = "wrong_type"


class UnknownVersionError(SchemaError):
    """The envelope's schema version is not one this build reads."""

    reason = "unknown_version"


class InvalidError(SchemaError):
    """The fields violate the schema."""

    reason = "invalid"


class SignatureError(SchemaError):
    """The message is not signed by a holder of the key."""

    reason = "signature"
