"""Publishing corrections that were restored from a file.

Rebuilding a log reads the topics (`infra.daily_log.rebuild`), so corrections that exist only in the
store would be lost.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from infra.broker.topic_reader import TopicReader, publish
from infra.topics import CORRECTIONS
from schemas import Correction, SchemaError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.settings import Settings


async def republish(settings: Settings, corrections: Sequence[Correction]) -> int:
    """Publish the corrections missing from the topic; return how many. Raises `BrokerError`."""
    if not corrections:
        return 0
    known: set[str] = set()
    async with TopicReader(settings, CORRECTIONS) as reader:
        for record in await reader.to_the_end():
            with suppress(SchemaError):
                if record.value is not None:
                    known.add(Correction.decode(record.value).correction_id)
    missing = {each.correction_id: each for each in corrections if each.correction_id not in known}
    for each in missing.values():
        await publish(
            settings, CORRECTIONS, each.correction_id, each.encode(), beside=each.device_id
        )
    return len(missing)
