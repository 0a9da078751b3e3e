"""Decisions that a key stands for: labels, revisions of models, corrections, devices that pause.

Where `signing_key` is set, whoever changes one signs the message in a header, and whoever reads it
refuses one without a right signature. So a principal who may write to a topic, by a rule that is
too wide or at a broker without any, still decides nothing. An old message that was signed once may
be written again: that is held off by who may write, and not by the signature.
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
    """The keys of one deployment: the first signs, any of them may have signed.

    Without a key nothing is signed, and everything is taken.
    """

    keys: tuple[bytes, ...] = field(default=(), repr=False)
    topics: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return what the settings say; a line is a key."""
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
        """Raise `SignatureError`, and log it, for a record that nobody with a key has written."""
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
    """Return what is wrong with a record's signature, None where one of `keys` made it."""
    shown = [bytes(value) for name, value in record.headers or () if name == header]
    name = bytes(record.key or b"")
    wanted = [signature(key, purpose, record.topic, name, record.value) for key in keys]
    if any(hmac.compare_digest(one, other) for one in shown for other in wanted):
        return None
    return "wrongly signed" if shown else "not signed"


def signature(key: bytes, purpose: bytes, topic: str, name: bytes, value: bytes | None) -> bytes:
    """Return the HMAC-SHA256 of a message in hexadecimal digits; `purpose` keeps uses apart."""
    made = hmac.new(key, purpose, sha256)
    for part in (topic.encode(), name, b"tombstone" if value is None else b"value", value or b""):
        # With its length, so that no part's end is taken for the next one's begin.
        made.update(len(part).to_bytes(8, "big") + part)
    return made.hexdigest().encode()
