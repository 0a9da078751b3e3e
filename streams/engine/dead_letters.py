"""Letters for what cannot be processed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from infra import metrics, topics
from schemas import DeadLetter
from schemas.dead_letter import MAX_KEPT_BYTES
from streams.engine.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from faust.types import Message as KafkaMessage

    from schemas import Window
    from streams.engine.kafka.received import Token

_DEVICE = re.compile(rb"\A[A-Za-z0-9._:-]{1,64}\Z")


def dead_letter(
    message: KafkaMessage, value: bytes | None, stage: str, error: BaseException
) -> DeadLetter:
    """Return the letter of a consumed message that raised `error` in `stage`."""
    key = bytes(message.key or b"")
    kept = bytes(value or b"")
    return DeadLetter(
        device_id=key.decode() if _DEVICE.match(key) else "unknown",
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        stage=stage,
        reason=getattr(error, "reason", None) or type(error).__name__,
        error=(str(error) or type(error).__name__)[:1000],
        size=len(kept),
        value=kept[:MAX_KEPT_BYTES],
    )


def dead_window(
    window: Window, topic: str, partition: int | None, stage: str, error: BaseException
) -> DeadLetter:
    """Return the letter of a window that raised `error` in `stage`; `topic` is where windows go."""
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
    """Return the outcome of a message that cannot be processed, and count it."""
    metrics.dead_letters.labels(topic=letter.topic, reason=letter.reason).inc()
    return Outcome([(topics.DEAD_LETTER, partition, letter)], tokens=list(tokens))
