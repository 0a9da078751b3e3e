"""A client that asks an endpoint for one of two categories."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from infra.errors import LlmError
from infra.llm import Answer, Llm
from infra.settings import Settings
from tests.pipeline.llm_endpoint import LlmEndpoint, Reply, completion

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

CHAT = [{"role": "user", "content": "hello"}]
SCHEMA = {"type": "object", "properties": {"scenarios": {"type": "array"}}}


def settings(url: str, **changes: Any) -> Settings:
    fields: dict[str, Any] = {
        "llm_base_url": url,
        "llm_api_key": "key",
        "llm_timeout_s": 30.0,
        "llm_retries": 0,
        **changes,
    }
    return Settings(_env_file=None, **fields)


def known_category(text: str) -> str:
    if text not in ("Cooking", "Eating"):
        raise ValueError(f"{text!r} is not a category")
    return text


class Asker:
    """One client of an endpoint, and how often and how it was answered."""

    def __init__(self, llm: Llm) -> None:
        self.llm = llm

    async def ask(self, text: str = "hello", **options: Any) -> Answer[str]:
        return await self.llm.ask(
            [{"role": "user", "content": text}], SCHEMA, known_category, **options
        )

    async def outcome(self, text: str = "hello", **options: Any) -> str:
        try:
            answer = await self.ask(text, **options)
        except LlmError as error:
            return error.outcome
        return "cached" if answer.cached else "answered"


@asynccontextmanager
async def asking(redis: Redis, url: str, **changes: Any) -> AsyncIterator[Asker]:
    llm = Llm(settings(url, **changes), redis)
    try:
        yield Asker(llm)
    finally:
        await llm.close()


async def outcome(redis: Redis, reply: Reply, **changes: Any) -> str:
    with LlmEndpoint(reply) as endpoint:
        async with asking(redis, endpoint.url, **changes) as asker:
            return await asker.outcome()


def cooking(body: dict[str, Any]) -> tuple[int, bytes]:
    return 200, completion("Cooking")
