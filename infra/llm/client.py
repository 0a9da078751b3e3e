"""Asks the language model: bounded in time, in money and in how much of it waits.

```
ask ── cache ── breaker ── queue ── [ deadline: pause ── budget ── endpoint ─┐ ] ── read ── cache
                                         └──────── retries with jitter ──────┘
```
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import ceil
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from infra import metrics
from infra.errors import LlmError
from infra.llm.breaker import Breaker
from infra.llm.budget import Budget, Usage
from infra.llm.cache import Cache
from infra.llm.endpoint import MAX_ANSWER_TOKENS, CallError, Endpoint, EndpointConfig, Reply
from infra.llm.pause import Pause, backoff_s
from infra.settings import Settings, env_name

if TYPE_CHECKING:
    from redis.asyncio import Redis

_T = TypeVar("_T")
Chat = Sequence[Mapping[str, str]]

# English prose has about four characters a token, tables of numbers two; the estimate is only
# what is booked until the endpoint says what it used.
_CHARS_A_TOKEN = 3
# Everybody who waited for the same pause would otherwise ask in the same moment.
_SPREAD_S = 0.2


@dataclass(frozen=True)
class Answer(Generic[_T]):
    """What the endpoint said, who said it, what it cost now and how long it took."""

    value: _T
    model: str
    tokens: int
    latency_ms: float
    cached: bool


class Llm:
    """One endpoint for one worker; several workers share its budget and its cache.

    `max_answer_tokens` bounds what is asked for and what is booked; `strict` is `EndpointConfig`'s.
    Raises `ValueError` where the settings have no key.
    """

    def __init__(
        self,
        settings: Settings,
        redis: Redis,
        max_answer_tokens: int = MAX_ANSWER_TOKENS,
        *,
        strict: bool = True,
    ) -> None:
        self._settings = settings
        self._max_answer_tokens = max_answer_tokens
        self._endpoint = Endpoint(EndpointConfig.of(settings, max_answer_tokens, strict=strict))
        self._cache = Cache(redis, settings.app_id, settings.llm_cache_days)
        self._budget = Budget(redis, settings)
        self._breaker = Breaker(settings.llm_breaker_failures, settings.llm_breaker_open_s)
        self._pause = Pause()
        self._slots = asyncio.Semaphore(settings.llm_concurrency)
        self._waiting = 0

    async def ask(
        self, chat: Chat, schema: Mapping[str, Any] | None, read: Callable[[str], _T]
    ) -> Answer[_T]:
        """Return what `read` makes of the answer; raises `LlmError` and nothing else.

        chat: messages of `role` and `content`. schema: the JSON schema of the answer, for
        endpoints that can be held to one. `read` raises `ValueError` for an answer that it does
        not accept; only accepted answers are cached.
        """
        try:
            answer = await self._ask(chat, schema, read)
        except LlmError as error:
            metrics.llm_calls.labels(outcome=error.outcome).inc()
            raise
        metrics.llm_calls.labels(outcome="cached" if answer.cached else "answered").inc()
        return answer

    async def close(self) -> None:
        """Close the connections to the endpoint."""
        await self._endpoint.close()

    async def _ask(
        self, chat: Chat, schema: Mapping[str, Any] | None, read: Callable[[str], _T]
    ) -> Answer[_T]:
        model = self._settings.llm_model
        began = perf_counter()
        key = self._cache.key(model, chat, schema)
        cached = await self._cache.get(key)
        if cached is not None:
            try:
                value = read(cached)
            except ValueError:
                pass  # What was accepted once may not be any more; then it is asked again.
            else:
                return Answer(value, model, 0, (perf_counter() - began) * 1000, cached=True)

        self._breaker.check()
        async with self._slot():
            began = perf_counter()
            with self._breaker.call():
                reply = await self._within_deadline(chat, schema)
        latency_ms = (perf_counter() - began) * 1000
        metrics.llm_seconds.observe(latency_ms / 1000)
        tokens = reply.usage.tokens if reply.usage is not None else 0
        try:
            value = read(reply.text)
        except ValueError as error:
            raise LlmError("invalid", str(error), tokens=tokens, latency_ms=latency_ms) from error
        await self._cache.put(key, reply.text)
        return Answer(value, model, tokens, latency_ms, cached=False)

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        limit = self._settings.llm_queue_max
        if self._slots.locked() and self._waiting >= limit:
            raise LlmError(
                "busy", f"not asked: {limit} calls wait already ({env_name('llm_queue_max')})"
            )
        self._waiting += 1
        metrics.llm_waiting.inc()
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
            metrics.llm_waiting.dec()
        try:
            yield
        finally:
            self._slots.release()

    async def _within_deadline(self, chat: Chat, schema: Mapping[str, Any] | None) -> Reply:
        timeout_s = self._settings.llm_timeout_s
        try:
            return await asyncio.wait_for(self._attempts(chat, schema), timeout_s)
        except TimeoutError as error:
            raise CallError("timeout", f"no answer within {timeout_s:g} s") from error

    async def _attempts(self, chat: Chat, schema: Mapping[str, Any] | None) -> Reply:
        deadline = perf_counter() + self._settings.llm_timeout_s
        failures = 0
        while True:
            paused = self._pause.left_s
            if perf_counter() + paused + _SPREAD_S > deadline and paused:
                raise LlmError(
                    "rate_limited",
                    f"not asked: the endpoint wants to be left alone for {paused:.0f} s more",
                )
            if paused:
                await asyncio.sleep(paused + _SPREAD_S * random.random())  # noqa: S311  no secret
            try:
                return await self._attempt(chat, schema)
            except CallError as error:
                failures += 1
                if error.wait_s is not None:
                    self._pause.hold(error.wait_s)
                wait_s = backoff_s(failures) if error.wait_s is None else error.wait_s
                last = failures > self._settings.llm_retries
                if last or not error.retry or perf_counter() + wait_s > deadline:
                    raise
                metrics.llm_retries.labels(outcome=error.outcome).inc()
                if error.wait_s is None:
                    await asyncio.sleep(wait_s)

    async def _attempt(self, chat: Chat, schema: Mapping[str, Any] | None) -> Reply:
        prompt = ceil(sum(len(message["content"]) for message in chat) / _CHARS_A_TOKEN)
        reserved = await self._budget.reserve(Usage(prompt, self._max_answer_tokens))
        try:
            reply = await self._endpoint.complete(chat, schema)
        except CallError as error:
            if error.free:
                await self._budget.settle(reserved, Usage())
            raise
        if reply.usage is not None:
            await self._budget.settle(reserved, reply.usage)
            metrics.llm_tokens.inc(reply.usage.tokens)
            metrics.llm_dollars.inc(self._budget.dollars(reply.usage))
        return reply
