"""The language model's client, with bounds on time, cost and queued calls.

```
ask ── cache ── queue ── breaker [ deadline: pause ── budget ── endpoint ─┐  ── read ] ── cache
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

from infra import metric_labels, metrics
from infra.errors import LlmError
from infra.llm.backoff import Pause, backoff_s
from infra.llm.breaker import Breaker
from infra.llm.budget import Budget, Reservation, Usage
from infra.llm.cache import Cache
from infra.llm.call_error import CallError, without_answer
from infra.llm.endpoint import Endpoint, EndpointConfig
from infra.llm.structured import correction
from infra.settings import Settings, env_name

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from infra.llm.reply import Reply

_T = TypeVar("_T")
Chat = Sequence[Mapping[str, str]]

# English prose has about four characters per token, tables of numbers two. The estimate is booked
# until the endpoint reports its usage.
_CHARS_A_TOKEN = 3
# Spreads the calls that waited for the same pause.
_SPREAD_S = 0.2


@dataclass(frozen=True)
class Answer(Generic[_T]):
    """An accepted answer, its model, the tokens spent now, and the latency."""

    value: _T
    model: str
    tokens: int
    latency_ms: float
    cached: bool


class Llm:
    """One endpoint for one worker; workers share its budget and its cache.

    Limits come from the settings; `min_answer_tokens` and `strict` are those of `EndpointConfig`.
    Raises `ValueError` if the settings have no API key.
    """

    def __init__(
        self,
        settings: Settings,
        redis: Redis,
        min_answer_tokens: int = 0,
        *,
        strict: bool = True,
    ) -> None:
        self._settings = settings
        config = EndpointConfig.of(settings, min_answer_tokens, strict=strict)
        self._limit = config.limit
        self._endpoint = Endpoint(config)
        self._cache = Cache(redis, settings.app_id, settings.llm_cache_days)
        self._budget = Budget(redis, settings)
        self._breaker = Breaker(settings.llm_breaker_failures, settings.llm_breaker_open_s)
        self._pause = Pause()
        self._slots = asyncio.Semaphore(settings.llm_concurrency)
        self._waiting = 0
        self._state = "not asked yet"

    @property
    def state(self) -> str:
        """What became of the newest question, in one line: "answers", or why there is no answer."""
        return self._state

    async def ask(
        self,
        chat: Chat,
        schema: Mapping[str, Any] | None,
        read: Callable[[str], _T],
        corrections: int = 0,
        *,
        open_question: bool = False,
    ) -> Answer[_T]:
        """Return the answer as parsed by `read`; raises only `LlmError`.

        chat: messages of `role` and `content`. schema: the answer's JSON schema, for endpoints that
        can enforce one. read: raises `ValueError` for an unacceptable answer, which is then asked
        for again, up to `corrections` times. Only accepted answers are cached. A question without
        an accepted answer counts as a failure for the circuit breaker, unless it is open: a
        question in a person's own words may have no answer through no fault of the endpoint.
        """
        try:
            answer = await self._ask(chat, schema, read, corrections, open_question)
        except LlmError as error:
            metrics.llm_calls.labels(outcome=error.outcome).inc()
            self._state = without_answer(error)
            raise
        metrics.llm_calls.labels(outcome="cached" if answer.cached else "answered").inc()
        if not answer.cached:
            self._state = "answers"
        return answer

    async def close(self) -> None:
        """Close the endpoint's connections."""
        await self._endpoint.close()

    async def _ask(
        self,
        chat: Chat,
        schema: Mapping[str, Any] | None,
        read: Callable[[str], _T],
        corrections: int,
        open_question: bool,
    ) -> Answer[_T]:
        model = self._settings.llm_model
        began = perf_counter()
        key = self._cache.key(model, chat, schema)
        cached = await self._cache.get(key)
        if cached is not None:
            try:
                value = read(cached)
            except ValueError:
                pass  # A cached answer may no longer be acceptable; then ask again.
            else:
                return Answer(value, model, 0, (perf_counter() - began) * 1000, cached=True)

        self._breaker.check()
        async with self._slot():
            began = perf_counter()
            try:
                with self._breaker.call(metric_labels.LLM_UNUSABLE if open_question else ()):
                    value, text, tokens = await self._ask_until_accepted(
                        chat, schema, read, corrections
                    )
            except CallError as error:
                if error.outcome in metric_labels.LLM_UNUSABLE:
                    error.latency_ms = _latency_ms(began)
                raise
        latency_ms = _latency_ms(began)
        await self._cache.put(key, text)
        return Answer(value, model, tokens, latency_ms, cached=False)

    async def _ask_until_accepted(
        self,
        chat: Chat,
        schema: Mapping[str, Any] | None,
        read: Callable[[str], _T],
        corrections: int,
    ) -> tuple[_T, str, int]:
        """Return the parsed answer, its text and the tokens of all attempts."""
        tokens = 0
        while True:
            reply = await self._attempts(chat, schema)
            tokens += reply.usage.tokens if reply.usage is not None else 0
            try:
                return read(reply.text), reply.text, tokens
            except ValueError as error:
                unusable = reply.unusable(error, self._limit)
                unusable.tokens = tokens
                if not corrections or unusable.outcome != "invalid":
                    raise unusable from error
                corrections -= 1
                chat = correction(chat, reply.text, str(error))

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
                return await self._attempt(chat, schema, deadline)
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

    async def _attempt(
        self, chat: Chat, schema: Mapping[str, Any] | None, deadline: float
    ) -> Reply:
        prompt = ceil(sum(len(message["content"]) for message in chat) / _CHARS_A_TOKEN)
        reserved = await self._budget.reserve(Usage(prompt, self._limit.tokens))
        try:
            reply = await self._endpoint.complete(chat, schema, deadline - perf_counter())
        except CallError as error:
            await self._settle(reserved, Usage() if error.free else error.usage)
            raise
        await self._settle(reserved, reply.usage)
        return reply

    async def _settle(self, reserved: Reservation | None, usage: Usage | None) -> None:
        if usage is not None:
            await self._budget.settle(reserved, usage)
            metrics.llm_tokens.inc(usage.tokens)
            metrics.llm_dollars.inc(self._budget.dollars(usage))


def _latency_ms(began: float) -> float:
    latency_s = perf_counter() - began
    metrics.llm_seconds.observe(latency_s)
    return latency_s * 1000
