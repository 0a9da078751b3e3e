"""A topic channel that may read several topics, and may be stopped before all was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import faust

if TYPE_CHECKING:
    import asyncio


class GuardedTopic(faust.Topic):
    """Faust's topic, whose `agents` command fails for an agent that reads several.

    Nor does it know of messages that are given up at the end.
    """

    def get_topic_name(self) -> str:
        """Return the name, or all names for a channel of several topics."""
        return ", ".join(self.topics)

    def _on_published(self, fut: asyncio.Future[Any], *arguments: Any, **options: Any) -> None:
        if not fut.cancelled():
            super()._on_published(fut, *arguments, **options)
