"""A client of a store that does not answer."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from infra.local.probe import free_port


def closed_redis() -> Redis:
    return Redis(port=free_port(), retry=Retry(NoBackoff(), 0))
