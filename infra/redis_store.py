"""Connections to Redis, and its failures as one line."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import AuthenticationError, RedisError

from infra.errors import StoreError
from infra.redis_outage import OutageRetry
from infra.secrets import mask_url
from infra.settings import EMBEDDED, Settings, env_name

CONNECT_TIMEOUT_S = 5.0


async def connect(settings: Settings) -> Redis:
    """Return a client for `redis_url` that has answered once; raises `StoreError`.

    The caller closes it. Values are bytes. Commands are repeated while Redis is away or refuses for
    a while (`infra.redis_outage`).
    """
    url = settings.redis_url
    if url == EMBEDDED:
        raise StoreError(
            f"redis at {url} has not been started: an embedded service needs its URL first"
        )
    # The first answer is asked for without retries: a wrong address should fail at once.
    async with Redis.from_url(
        url, socket_connect_timeout=CONNECT_TIMEOUT_S, retry=Retry(ExponentialBackoff(), 0)
    ) as probe:
        try:
            await probe.ping()
        except AuthenticationError as error:
            raise StoreError(f"redis at {mask_url(url)} refuses: {error}") from error
        except (RedisError, OSError) as error:
            raise StoreError(
                f"redis at {mask_url(url)} does not answer: start it, or correct "
                f"{env_name('redis_url')}"
            ) from error
    return Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        retry=OutageRetry(f"redis at {mask_url(url)}"),
    )


def outage(redis: Redis) -> str | None:
    """Return in one line what commands of a client of `connect` wait for, None where none does."""
    retry = redis.get_retry()
    return retry.outage if isinstance(retry, OutageRetry) else None
