"""Refuses what is above a device's share before it is handed to anybody.

A frame costs ten times as much once it is an event of a stream as it costs to look at. What is
looked at is the opened envelope, from which decoding goes on. A frame that cannot be opened, or
whose key is not its device, is let through: whoever reads it makes a dead letter of it.
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

# The longest that the schema has; what is longer is no id, and is not remembered.
_MAX_ID_LENGTH = 64
_TOLD_EVERY_NS = 60 * NS


class ShareGate:
    """Looks at each message before the streams get it.

    `stage` is whose dropped messages it counts.
    """

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
        self._told_ns: dict[str, int] = {}
        self._dropped = metrics.dropped.labels(stage=stage, reason="share")

    def refuses(self, message: KafkaMessage) -> bool:
        """Return whether a message is a frame above its device's share; it is counted then."""
        opened = self._decoder.open(message)
        header = None if opened is None else _header(message, *opened)
        if header is None or self._share.takes(header):
            return False
        self._dropped.inc()
        self._tell(header)
        return True

    def forget(self) -> None:
        """Count from the start: partitions will be read again."""
        self._share.forget()

    def forget_device(self, device_id: str) -> None:
        """Count a device from the start: nothing of it is under way."""
        self._share.forget_device(device_id)

    def _tell(self, frame: FrameHeader) -> None:
        """Say once a minute that a device sends more than its share."""
        now_ns = self._clock_ns()
        told_ns = self._told_ns.get(frame.device_id)
        if told_ns is None or now_ns - told_ns > _TOLD_EVERY_NS:
            self._told_ns = {
                device_id: at
                for device_id, at in self._told_ns.items()
                if now_ns - at <= _TOLD_EVERY_NS
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
