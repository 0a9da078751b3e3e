from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.daily_log.store import LogStore

if TYPE_CHECKING:
    from redis.asyncio import Redis


@pytest.fixture
def store(redis: Redis) -> LogStore:
    return LogStore(redis, "page", retention_days=30)
