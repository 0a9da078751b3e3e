"""Signatures of decisions: labels, model revisions, corrections and device control.

With `signing_key` set, writers sign these messages in a header, and readers refuse messages without
a valid signature. So write access to a topic, through an overly broad ACL or a broker without ACLs,
is not enough to decide anything. Signatures do not prevent replay of an old signed message; ACLs
do.
"""

from __future__ import annotations

import hmac
import logging
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from infra import topics
from infra.settings import env_name
from schemas.errors import SignatureError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from infra.settings import Settings

log = logging.getLogger(__name__)

HEADER = "egolog-signature"
SIGNED = frozenset({topics.LABELS, topics.MODEL_UPDATES, topics.DEVICE_CONTROL, topics.CORRECTIONS})
_PURPOSE = b"egolog decision 1"


@dataclass(frozen=True)
class Signatures:
    """The keys of one deployment: the first signs, signatures by any are accepted.

    Without keys, messages are neither signed nor checked.
    """

    keys: tuple[bytes, ...] = field(default=(), repr=False)
    topics: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Parse the setting `signing_key`: one key per line."""
        if settings.signing_key is None:
            return cls()
        lines = settings.signing_key.get_secret_value().split()
        return cls(
            tuple(line.encode() for line in lines),
            frozenset(settings.topic(name) for name in SIGNED),
        )

    def headers(self, topic: str, key: bytes, value: bytes | None) -> list[tuple[str, bytes]]:
        """Return the headers of a message on `topic`, the broker's name; None is a tombstone."""
        if not self.keys or topic not in self.topics:
            return []
        return [(HEADER, signature(self.keys[0], _PURPOSE, topic, key, value))]

    def require(self, record: Any) -> None:
        """Log and raise `SignatureError` unless one of the keys signed the record."""
        if not self.keys or record.topic not in self.topics:
            return
        fault = signature_fault(record, HEADER, self.keys, _PURPOSE)
        if fault is None:
            return
        error = SignatureError(
            f"message of key {bytes(record.key or b'')[:64]!r} is {fault}; expected a signature by "
            f"{env_name('signing_key')}"
        )
        where = f"{record.topic}[{record.partition}]@{record.offset}"
        log.error("%s is refused: %s", where, error)
        raise error


def signature_fault(record: Any, header: str, keys: Iterable[bytes], purpose: bytes) -> str | None:
    """Return what is wrong with a record's signature, or None if one of `keys` made it."""
    shown = [bytes(value) for name, value in record.headers or () if name == header]
    name = bytes(record.key or b"")
    wanted = [signature(key, purpose, record.topic, name, record.value) for key in keys]
    if any(hmac.compare_digest(one, other) for one in shown for other in wanted):
        return None
    return "wrongly signed" if shown else "not signed"


def signature(key: bytes, purpose: bytes, topic: str, name: bytes, value: bytes | None) -> bytes:
    """Return a message's HMAC-SHA256 in hexadecimal; `purpose` separates domains of use."""
    made = hmac.new(key, purpose, sha256)
    for part in (topic.encode(), name, b"tombstone" if value is None else b"value", value or b""):
        # Length-prefixed, so that bytes cannot move from one part to the next.
        made.update(len(part).to_bytes(8, "big") + part)
    return made.hexdigest().encode()
