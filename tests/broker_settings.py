"""Settings on a broker that several tests share, with topics of their own."""

from __future__ import annotations

from uuid import uuid4

from infra import topics
from infra.settings import Settings, load


async def with_topics(broker_url: str, partitions: int) -> Settings:
    """Create topics of the test's own and return their settings."""
    made = load(
        env_file=None,
        broker_url=broker_url,
        topic_prefix=f"{uuid4().hex[:8]}.",
        topic_partitions=partitions,
    )
    await topics.create(made)
    return made
