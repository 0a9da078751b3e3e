"""Answers by the hash of their question, in Redis: what was asked once is not paid for again."""

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

# Without the cache a call costs money; without an answer in time the window costs its refinement.
_TIMEOUT_S = 2.0
_DAY_S = 86_400
# The store's connections are the log's too, and a burst of questions must leave it some.
_AT_ONCE = 8


class Cache:
    """Answers for `keep_days` days, 0 for none. The questions are not stored, only their hash."""

    def __init__(self, redis: Redis, app_id: str, keep_days: int) -> None:
        self._redis = redis
        self._prefix = f"{app_id}:llm:answer"
        self._keep_days = keep_days
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def key(
        self, model: str, chat: Sequence[Mapping[str, str]], schema: Mapping[str, Any] | None
    ) -> str:
        """Return the key of a question: same model, same chat, same form of the answer."""
        asked = json.dumps([model, list(chat), schema], sort_keys=True, separators=(",", ":"))
        return f"{self._prefix}:{hashlib.sha256(asked.encode()).hexdigest()}"

    async def get(self, key: str) -> str | None:
        """Return the answer, None where there is none or the store does not say."""
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
        """Keep an answer; a store that fails costs the next asker a call and nothing else."""
        if not self._keep_days:
            return
        try:
            async with self._turns:
                await asyncio.wait_for(
                    self._redis.set(key, answer, ex=self._keep_days * _DAY_S), _TIMEOUT_S
                )
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("answer not cached: the store failed (%s)", type(error).__name__)
