"""Keys bound to device ids: a producer can send frames only for the devices of its key.

Kafka's permissions are per topic, not per device. So producers sign frames with the key for a
prefix of device ids, and workers refuse a frame with no signature or one by another key.
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
    """Keys by device id prefix, the longest prefix first.

    A prefix's first key signs; signatures by any of its keys are accepted. Without keys, frames are
    neither signed nor checked.
    """

    keys: tuple[tuple[str, tuple[bytes, ...]], ...] = field(default=(), repr=False)
    topics: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Parse the setting `device_keys`: a prefix and a key per line."""
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

        Without a key for the device there is no header, and the worker decides.
        """
        keys = self._of(device_id)
        if not keys or topic not in self.topics:
            return []
        return [(HEADER, signature(keys[0], _PURPOSE, topic, device_id.encode(), value))]

    def require(self, record: Any) -> None:
        """Raise `SignatureError` unless the frame is signed with a key of its device."""
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
        """Return the keys of the longest matching prefix."""
        return next((keys for prefix, keys in self.keys if device_id.startswith(prefix)), ())
