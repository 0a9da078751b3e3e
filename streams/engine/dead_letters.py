"""Dead letters for messages that cannot be processed."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import msgpack

from infra import metrics, topics
from schemas import DeadLetter
from schemas.dead_letter import MAX_KEPT_BYTES
from streams.engine.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from faust.types import Message as KafkaMessage

    from schemas import Window
    from streams.engine.kafka.received import Token

# The fields of an audio frame that hold no sound.
_HEADER = (
    "device_id",
    "session_id",
    "seq",
    "t_ns",
    "final",
    "sample_rate",
    "channels",
    "codec",
)


class _Switch:
    """A process-wide option, off by default."""

    def __init__(self) -> None:
        self._on = False

    def set(self, on: bool) -> None:
        self._on = on

    def get(self) -> bool:
        return self._on


_KEEPS_SOUND = _Switch()
_DEVICE = re.compile(rb"\A[A-Za-z0-9._:-]{1,64}\Z")


def dead_letter(
    message: KafkaMessage, value: bytes | None, stage: str, error: BaseException
) -> DeadLetter:
    """Return the dead letter of a consumed message that raised `error` in `stage`."""
    key = bytes(message.key or b"")
    kept = bytes(value or b"")
    size = len(kept)
    if message.topic.endswith(topics.AUDIO_FRAMES) and not _KEEPS_SOUND.get():
        kept = without_sound(kept)
    return DeadLetter(
        device_id=key.decode() if _DEVICE.match(key) else "unknown",
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        stage=stage,
        reason=getattr(error, "reason", None) or type(error).__name__,
        error=(str(error) or type(error).__name__)[:1000],
        size=size,
        value=kept[:MAX_KEPT_BYTES],
    )


def keep_sound(keep: bool) -> None:
    """Set for this process whether dead letters of audio frames keep the sound."""
    _KEEPS_SOUND.set(keep)


def without_sound(value: bytes) -> bytes:
    """Return an audio frame's header and the SHA-256 of its bytes as msgpack, without samples.

    Of other bytes only the hash is kept, because they may be a damaged frame.
    """
    kept: dict[str, object] = {"sha256": hashlib.sha256(value).hexdigest()}
    try:
        kind, version, _, body = msgpack.unpackb(value)
        fields = msgpack.unpackb(body)
        kept |= {
            name: fields[name]
            for name in _HEADER
            if isinstance(fields.get(name), str | int | bool) and len(str(fields[name])) <= 64
        }
        kept |= {"type": str(kind)[:64], "version": int(version)}
    except Exception:  # noqa: BLE001, S110 - damaged bytes may raise anything; their hash is kept
        pass
    packed: bytes = msgpack.packb(kept)
    return packed


def dead_window(
    window: Window, topic: str, partition: int | None, stage: str, error: BaseException
) -> DeadLetter:
    """Return the dead letter of a window of `topic` that raised `error` in `stage`."""
    kept = window.encode()
    return DeadLetter(
        device_id=window.device_id,
        topic=topic,
        partition=partition or 0,
        offset=0,
        stage=stage,
        reason=getattr(error, "reason", None) or type(error).__name__,
        error=(str(error) or type(error).__name__)[:1000],
        size=len(kept),
        value=kept[:MAX_KEPT_BYTES],
        window_id=window.window_id,
    )


def to_dead_letter(
    letter: DeadLetter, partition: int | None, tokens: Iterable[Token] = ()
) -> Outcome:
    """Count a dead letter, and return the outcome that publishes it."""
    metrics.dead_letters.labels(topic=letter.topic, reason=letter.reason).inc()
    return Outcome([(topics.DEAD_LETTER, partition, letter)], tokens=list(tokens))
