"""A cache of answers in Redis, by the hash of their question."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.asyncio import Redis

log = logging.getLogger(__name__)

# A cache miss costs only a call, but waiting too long for the cache costs the refinement.
_TIMEOUT_S = 2.0
_DAY_S = 86_400
# The log uses the same connections; a burst of questions must leave it some.
_AT_ONCE = 8


class Cache:
    """Caches answers for `keep_days` days, 0 turns it off. Questions are stored only as hashes."""

    def __init__(self, redis: Redis, app_id: str, keep_days: int) -> None:
        self._redis = redis
        self._prefix = f"{app_id}:llm:answer"
        self._keep_days = keep_days
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def key(
        self, model: str, chat: Sequence[Mapping[str, str]], schema: Mapping[str, Any] | None
    ) -> str:
        """Return a question's key, a hash of model, chat and schema."""
        asked = json.dumps([model, list(chat), schema], sort_keys=True, separators=(",", ":"))
        return f"{self._prefix}:{hashlib.sha256(asked.encode()).hexdigest()}"

    async def get(self, key: str) -> str | None:
        """Return the answer, or None if there is none or the store fails."""
        if not self._keep_days:
            return None
        try:
            async with self._turns:
                answer = await asyncio.wait_for(self._redis.get(key), _TIMEOUT_S)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("no cached answer: the store failed (%s)", type(error).__name__)
            return None
        return answer.decode() if isinstance(answer, bytes) else None

    async def put(self, key: str, answer: str) -> None:
        """Store an answer; failures of the store are only logged."""
        if not self._keep_days:
            return
        try:
            async with self._turns:
                await asyncio.wait_for(
                    self._redis.set(key, answer, ex=self._keep_days * _DAY_S), _TIMEOUT_S
                )
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("answer not cached: the store failed (%s)", type(error).__name__)
