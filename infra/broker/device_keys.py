"""Keys that device ids are bound to: who holds one sends in the name of its devices alone.

Kafka lets a principal write to a topic or not, and knows no device. So whoever sends frames signs
them with the key of the ids that begin with a prefix, and a worker refuses a frame that is signed
by another key, or by none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra import topics
from infra.broker.signing import signature, signature_fault
from infra.settings import env_name
from schemas.errors import SignatureError

if TYPE_CHECKING:
    from typing import Self

    from infra.settings import Settings

HEADER = "egolog-device-signature"
FRAMES = frozenset({topics.AUDIO_FRAMES, topics.IMU_FRAMES})
_PURPOSE = b"egolog frame 1"
_SHOWN = 64


@dataclass(frozen=True)
class DeviceKeys:
    """Keys by the prefix of the device ids that they are for, the longest prefixes first.

    Of the keys of one prefix the first signs, and any of them may have signed. Without any nothing
    is signed, and everything is taken.
    """

    keys: tuple[tuple[str, tuple[bytes, ...]], ...] = field(default=(), repr=False)
    topics: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return what the settings say; a line is a prefix and a key."""
        if settings.device_keys is None:
            return cls()
        keys: dict[str, list[bytes]] = {}
        for line in settings.device_keys.get_secret_value().splitlines():
            if line.strip():
                prefix, key = line.split()
                keys.setdefault(prefix, []).append(key.encode())
        longest = sorted(keys, key=len, reverse=True)
        return cls(
            tuple((prefix, tuple(keys[prefix])) for prefix in longest),
            frozenset(settings.topic(name) for name in FRAMES),
        )

    def headers(self, topic: str, device_id: str, value: bytes) -> list[tuple[str, bytes]]:
        """Return the headers of a frame on `topic`, the broker's name.

        A frame of a device that no key is for has none: the worker that reads it decides.
        """
        keys = self._of(device_id)
        if not keys or topic not in self.topics:
            return []
        return [(HEADER, signature(keys[0], _PURPOSE, topic, device_id.encode(), value))]

    def require(self, record: Any) -> None:
        """Raise `SignatureError` for a frame whose sender has no key of its device."""
        if not self.keys or record.topic not in self.topics:
            return
        name = bytes(record.key or b"")
        keys = self._of(name.decode(errors="replace"))
        setting = env_name("device_keys")
        if not keys:
            raise SignatureError(
                f"no key is for device {name[:_SHOWN]!r}; expected an id that begins with one of "
                f"the prefixes of {setting}"
            )
        fault = signature_fault(record, HEADER, keys, _PURPOSE)
        if fault is not None:
            raise SignatureError(
                f"frame of device {name[:_SHOWN]!r} is {fault}; expected a signature by its key of "
                f"{setting}"
            )

    def _of(self, device_id: str) -> tuple[bytes, ...]:
        """Return the keys of the longest prefix that a device's id begins with."""
        return next((keys for prefix, keys in self.keys if device_id.startswith(prefix)), ())
