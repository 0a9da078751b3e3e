"""The daily budget for the endpoint, shared by all workers through Redis."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from redis.exceptions import RedisError

from infra import clock
from infra.errors import LlmError
from infra.settings import Settings, env_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis

log = logging.getLogger(__name__)

_TIMEOUT_S = 2.0
# A reservation may be settled after midnight, so a day's account is kept longer.
_KEEP_S = 2 * 86_400
_NANO = 1_000_000_000

# Checks and books atomically, so that two workers cannot spend the same last token.
_RESERVE = """
local function beyond(field, more, limit)
  local spent = tonumber(redis.call('HGET', KEYS[1], field) or '0')
  return tonumber(limit) >= 0 and spent + tonumber(more) > tonumber(limit)
end
if beyond('tokens', ARGV[1], ARGV[3]) then return 'tokens' end
if beyond('nanodollars', ARGV[2], ARGV[4]) then return 'dollars' end
redis.call('HINCRBY', KEYS[1], 'tokens', ARGV[1])
redis.call('HINCRBY', KEYS[1], 'nanodollars', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return ''
"""


@dataclass(frozen=True)
class Usage:
    """Tokens of a prompt and of its answer."""

    prompt: int = 0
    answer: int = 0

    @property
    def tokens(self) -> int:
        """The sum of both."""
        return self.prompt + self.answer


@dataclass(frozen=True)
class Reservation:
    """An estimate booked before a call, and the day whose account holds it."""

    key: str
    usage: Usage


class Budget:
    """Books a call's estimated cost before it is made and its real cost after it.

    Days are UTC. A call whose cost never became known stays booked at its estimate.
    """

    def __init__(
        self,
        redis: Redis,
        settings: Settings,
        now: Callable[[], datetime] = lambda: datetime.fromtimestamp(clock.now_s(), UTC),
    ) -> None:
        self._redis = redis
        self._settings = settings
        self._now = now
        dollars = settings.llm_dollars_per_day
        self._tokens_max = (
            -1 if settings.llm_tokens_per_day is None else settings.llm_tokens_per_day
        )
        self._nanodollars_max = -1 if dollars is None else round(dollars * _NANO)

    def dollars(self, usage: Usage) -> float:
        """Return what `usage` costs by the prices of the settings."""
        settings = self._settings
        return (
            usage.prompt * settings.llm_dollars_per_million_in
            + usage.answer * settings.llm_dollars_per_million_out
        ) / 1e6

    async def reserve(self, usage: Usage) -> Reservation | None:
        """Book an estimate; returns None if no budget is set.

        Raises `LlmError` if it exceeds the day's budget, or if the store does not answer: spending
        that cannot be booked is refused.
        """
        if self._tokens_max < 0 and self._nanodollars_max < 0:
            return None
        key = f"{self._settings.app_id}:llm:spent:{self._now():%Y-%m-%d}"
        try:
            refused = await asyncio.wait_for(self._book(key, usage), _TIMEOUT_S)
        except (RedisError, OSError, TimeoutError) as error:
            raise LlmError(
                "store", f"not asked: the budget's store failed ({type(error).__name__})"
            ) from error
        if refused:
            setting = f"llm_{refused}_per_day"
            limit = f"{getattr(self._settings, setting):g} {refused}"
            raise LlmError(
                "budget", f"not asked: today's budget of {limit} ({env_name(setting)}) is spent"
            )
        return Reservation(key, usage)

    async def settle(self, reservation: Reservation | None, usage: Usage) -> None:
        """Replace an estimate by the actual usage."""
        if reservation is None:
            return
        change = Usage(
            usage.prompt - reservation.usage.prompt, usage.answer - reservation.usage.answer
        )
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hincrby(reservation.key, "tokens", change.tokens)
                pipe.hincrby(reservation.key, "nanodollars", self._nanodollars(change))
                await asyncio.wait_for(pipe.execute(), _TIMEOUT_S)
        except (RedisError, OSError, TimeoutError) as error:
            # The estimate stays booked, which can only lower what is spent.
            log.warning("budget not settled: the store failed (%s)", type(error).__name__)

    async def spent(self) -> tuple[int, float]:
        """Return today's booked tokens and dollars."""
        key = f"{self._settings.app_id}:llm:spent:{self._now():%Y-%m-%d}"
        reading = cast(
            "Awaitable[list[bytes | None]]", self._redis.hmget(key, ["tokens", "nanodollars"])
        )
        tokens, nanodollars = await reading
        return int(tokens or 0), int(nanodollars or 0) / _NANO

    async def _book(self, key: str, usage: Usage) -> str:
        booking = cast(
            "Awaitable[bytes]",
            self._redis.eval(
                _RESERVE,
                1,
                key,
                *(str(usage.tokens), str(self._nanodollars(usage))),
                *(str(self._tokens_max), str(self._nanodollars_max), str(_KEEP_S)),
            ),
        )
        return (await booking).decode()

    def _nanodollars(self, usage: Usage) -> int:
        return round(self.dollars(usage) * _NANO)
