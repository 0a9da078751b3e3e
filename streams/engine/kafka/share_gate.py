"""Refuses frames above a device's share before any agent sees them.

Delivering a frame costs ten times as much as inspecting it. The gate inspects the opened envelope,
from which decoding continues later. A frame that cannot be opened, or whose key is not its device,
passes: the agent that reads it makes it a dead letter.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeGuard

from infra import clock, metrics
from operators.device_share import DeviceShare, FrameHeader
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Callable

    from faust.types import Message as KafkaMessage

    from streams.engine.kafka.decoding import Decoder

log = logging.getLogger(__name__)

# The schema's limit; longer values are not valid ids, and must not fill the gate's memory.
_MAX_ID_LENGTH = 64
_WARN_EVERY_NS = 60 * NS


class ShareGate:
    """Checks each message before it is delivered; drops are counted under `stage`."""

    def __init__(
        self,
        stage: str,
        decoder: Decoder,
        share: DeviceShare,
        clock_ns: Callable[[], int] = clock.now_ns,
    ) -> None:
        self._decoder = decoder
        self._share = share
        self._clock_ns = clock_ns
        self._warned_ns: dict[str, int] = {}
        self._dropped = metrics.dropped.labels(stage=stage, reason="share")

    def refuses(self, message: KafkaMessage) -> bool:
        """Return whether a message is a frame above its device's share; count it if so."""
        opened = self._decoder.open(message)
        header = None if opened is None else _header(message, *opened)
        if header is None or self._share.takes(header):
            return False
        self._dropped.inc()
        self._warn(header)
        return True

    def forget(self) -> None:
        """Count all devices from zero: partitions will be read again."""
        self._share.forget()

    def forget_device(self, device_id: str) -> None:
        """Count a device from zero: none of its messages is in flight."""
        self._share.forget_device(device_id)

    def _warn(self, frame: FrameHeader) -> None:
        """Warn once a minute about a device that sends more than its share."""
        now_ns = self._clock_ns()
        warned_ns = self._warned_ns.get(frame.device_id)
        if warned_ns is None or now_ns - warned_ns > _WARN_EVERY_NS:
            self._warned_ns = {
                device_id: at_ns
                for device_id, at_ns in self._warned_ns.items()
                if now_ns - at_ns <= _WARN_EVERY_NS
            } | {frame.device_id: now_ns}
            log.warning(
                'device="%s" %s frames beyond EGOLOG_DEVICE_FRAMES_PER_S or '
                "EGOLOG_DEVICE_BYTES_PER_S are dropped",
                frame.device_id,
                frame.kind.removesuffix(".frame"),
            )


def _header(message: KafkaMessage, kind: str, fields: Any) -> FrameHeader | None:
    if not isinstance(fields, dict):
        return None
    device_id, session_id = fields.get("device_id"), fields.get("session_id")
    t_ns = fields.get("t_ns")
    if not (_is_id(device_id) and _is_id(session_id) and type(t_ns) is int):
        return None
    if device_id.encode() != message.key:
        return None
    size, final = len(message.value or b""), fields.get("final") is True
    return FrameHeader(device_id, session_id, kind, t_ns, size, final)


def _is_id(value: Any) -> TypeGuard[str]:
    return type(value) is str and len(value) <= _MAX_ID_LENGTH
