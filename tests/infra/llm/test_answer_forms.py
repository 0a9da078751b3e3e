"""Rules of `infra.llm.client`: in which form an endpoint is asked to answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.infra.llm.asking import asking, cooking
from tests.pipeline.llm_endpoint import LlmEndpoint, completion

if TYPE_CHECKING:
    from redis.asyncio import Redis


def forms(endpoint: LlmEndpoint) -> list[str | None]:
    return [request.get("response_format", {}).get("type") for request in endpoint.requests]


@pytest.mark.parametrize("status", [400, 404, 422, 424])
async def test_an_endpoint_without_structured_output_is_asked_in_the_next_weaker_form(
    redis: Redis, status: int
) -> None:
    def plain(body: dict[str, Any]) -> tuple[int, bytes]:
        return (status, b"{}") if "response_format" in body else cooking(body)

    with LlmEndpoint(plain) as endpoint:
        async with asking(redis, endpoint.url) as asker:
            assert [await asker.outcome("a"), await asker.outcome("b")] == ["answered"] * 2
    assert forms(endpoint) == ["json_schema", "json_schema", "json_object", None, None]


@pytest.mark.parametrize("status", [500, 501, 502])
@pytest.mark.parametrize("refused", [("json_schema",), ("json_schema", "json_object")])
async def test_an_endpoint_that_breaks_over_a_form_is_asked_in_the_next_weaker_one(
    redis: Redis, status: int, refused: tuple[str, ...]
) -> None:
    def breaking(body: dict[str, Any]) -> tuple[int, bytes]:
        form = body.get("response_format", {}).get("type")
        return (status, b"grammar error") if form in refused else cooking(body)

    with LlmEndpoint(breaking) as endpoint:
        async with asking(redis, endpoint.url) as asker:
            assert [await asker.outcome("a"), await asker.outcome("b")] == ["answered"] * 2
    ladder = ["json_schema", "json_object", None]
    assert forms(endpoint) == [*ladder[: len(refused) + 1], ladder[len(refused)]]


async def test_an_error_inside_an_answer_leads_to_a_weaker_form_too(redis: Redis) -> None:
    def inside(body: dict[str, Any]) -> tuple[int, bytes]:
        refused = b'{"error": {"code": 400, "message": "response_format is unknown"}}'
        return (200, refused) if "response_format" in body else cooking(body)

    with LlmEndpoint(inside) as endpoint:
        async with asking(redis, endpoint.url) as asker:
            assert await asker.outcome() == "answered"


async def test_an_outage_makes_no_form_weaker(redis: Redis) -> None:
    replies: list[Any] = [cooking({}), (500, b"{}"), (503, b"{}"), cooking({})]
    with LlmEndpoint(lambda body: replies.pop(0)) as endpoint:
        async with asking(redis, endpoint.url) as asker:
            outcomes = [await asker.outcome(text) for text in "abcd"]
    assert outcomes == ["answered", "status", "status", "answered"]
    assert forms(endpoint) == ["json_schema"] * 4


async def test_a_form_that_was_answered_in_vain_is_remembered_too(redis: Redis) -> None:
    def empty(body: dict[str, Any]) -> tuple[int, bytes]:
        return (400, b"{}") if "response_format" in body else (200, completion(""))

    with LlmEndpoint(empty) as endpoint:
        async with asking(redis, endpoint.url) as asker:
            assert [await asker.outcome("a"), await asker.outcome("b")] == ["empty"] * 2
    assert forms(endpoint)[-2:] == [None, None]
    assert len(endpoint.requests) == 5
