"""A topic channel that may read several topics."""

from __future__ import annotations

import faust


class GuardedTopic(faust.Topic):
    """Faust's topic, whose `agents` command fails for an agent that reads several."""

    def get_topic_name(self) -> str:
        """Return the name, or all names for a channel of several topics."""
        return ", ".join(self.topics)
