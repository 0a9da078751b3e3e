from __future__ import annotations

import time
from typing import Any

import pytest

from infra.errors import LlmError
from infra.llm import Llm
from infra.settings import Settings
from tests.pipeline.llm_endpoint import LlmEndpoint, Reply, completion

CHAT = [{"role": "user", "content": "hello"}]


def settings(url: str, **changes: Any) -> Settings:
    fields: dict[str, Any] = {
        "llm_base_url": url,
        "llm_api_key": "key",
        "llm_timeout_s": 2.0,
        "llm_retries": 0,
        **changes,
    }
    return Settings(_env_file=None, **fields)


async def outcome(reply: Reply, **changes: Any) -> str:
    with LlmEndpoint(reply) as endpoint:
        llm = Llm(settings(endpoint.url, **changes))
        said = "answered"
        try:
            await llm.ask(CHAT)
        except LlmError as error:
            said = error.outcome
        finally:
            await llm.close()
        return said


async def test_an_answer_comes_with_its_cost() -> None:
    with LlmEndpoint(lambda body: (200, completion("Cooking"))) as endpoint:
        llm = Llm(settings(endpoint.url))
        answer = await llm.ask(CHAT)
        await llm.close()
    assert (answer.text, answer.tokens, answer.model) == ("Cooking", 10, "gpt-4o-mini")
    [request] = endpoint.requests
    assert request["path"] == "/v1/chat/completions"
    assert request["messages"] == CHAT


def slow(body: dict[str, Any]) -> tuple[int, bytes]:
    time.sleep(1.5)
    return 200, completion("Cooking")


@pytest.mark.parametrize(
    ("reply", "want"),
    [
        (lambda body: (500, b"{}"), "status"),
        (lambda body: (429, b"{}"), "status"),
        (lambda body: (200, completion("Cooking")[:-20]), "malformed"),
        (lambda body: (200, b'{"choices": []}'), "malformed"),
        (lambda body: (200, b"[]"), "malformed"),
    ],
)
async def test_every_failure_is_one_typed_error(reply: Reply, want: str) -> None:
    assert await outcome(reply) == want


async def test_the_deadline_is_for_the_whole_call() -> None:
    assert await outcome(slow, llm_timeout_s=0.3, llm_retries=3) == "timeout"


async def test_an_endpoint_that_is_not_there_is_a_connection_error() -> None:
    llm = Llm(settings("http://127.0.0.1:9/v1"))
    with pytest.raises(LlmError) as caught:
        await llm.ask(CHAT)
    assert caught.value.outcome == "connection"
    await llm.close()


async def test_a_failure_is_retried() -> None:
    replies = [(500, b"{}"), (200, completion("Eating"))]
    assert await outcome(lambda body: replies.pop(0), llm_retries=2) == "answered"
