"""What a call without an answer costs, and what is said of it."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import LlmError
from infra.llm.budget import Budget
from infra.llm.unreached import unreached
from tests.infra.llm.asking import asking, settings
from tests.pipeline.llm_endpoint import LlmEndpoint, Raw, Reset, completion

if TYPE_CHECKING:
    from redis.asyncio import Redis

LIMITS: dict[str, Any] = {"llm_tokens_per_day": 10_000, "llm_timeout_s": 0.5}
# The prompt of `asking` and its answer at most.
ESTIMATE = 2 + 200


def reset(body: dict[str, Any]) -> Raw:
    raise Reset


def too_late(body: dict[str, Any]) -> tuple[int, bytes]:
    time.sleep(1.0)
    return 200, completion("Cooking")


async def unanswered(redis: Redis, url: str) -> tuple[LlmError, int]:
    """Return a question's error, and the tokens that it left booked."""
    async with asking(redis, url, **LIMITS) as asker:
        with pytest.raises(LlmError) as caught:
            await asker.ask()
    booked, _ = await Budget(redis, settings(url, **LIMITS)).spent()
    return caught.value, booked


@pytest.mark.parametrize(
    ("reply", "outcome", "said"),
    [
        (reset, "connection", "the connection broke: ReadError"),
        (lambda body: Raw(200, b"{", length=99), "connection", "the connection broke"),
        (too_late, "timeout", "no answer within 0.5 s"),
    ],
)
async def test_a_question_that_was_sent_stays_booked(
    redis: Redis, reply: Any, outcome: str, said: str
) -> None:
    with LlmEndpoint(reply) as endpoint:
        error, booked = await unanswered(redis, endpoint.url)
    assert (error.outcome, booked) == (outcome, ESTIMATE)
    assert str(error).startswith(said)


async def test_a_question_that_was_never_sent_costs_nothing(redis: Redis) -> None:
    error, booked = await unanswered(redis, "http://127.0.0.1:9/v1")
    assert str(error) == "the endpoint cannot be reached: connection refused"
    assert (error.outcome, booked) == ("connection", 0)


async def test_a_question_whose_tunnel_does_not_open_costs_nothing(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        error, booked = await unanswered(redis, "https://models.example.com/v1")
    assert (error.outcome, booked) == ("timeout", 0)


def caused(*causes: BaseException) -> Exception:
    error: BaseException = causes[-1]
    for outer in (*reversed(causes[:-1]), RuntimeError("wrapped")):
        outer.__cause__ = error
        error = outer
    assert isinstance(error, Exception)
    return error


def expired() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = 10, "certificate has expired"
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            caused(OSError("connect"), expired()),
            "its certificate is not trusted (certificate has expired): "
            "expected one that is valid now",
        ),
        (
            caused(socket.gaierror(socket.EAI_NONAME, "Name or service not known")),
            "its host's name is not resolved: name or service not known",
        ),
        (
            caused(
                OSError("All connection attempts failed"),
                ExceptionGroup("several", [OSError(113, "Connect call failed ('10.0.0.1', 80)")]),
            ),
            "no route to host",
        ),
        (caused(ValueError("http://user:hunter2@host")), "ValueError"),
    ],
)
def test_why_an_endpoint_is_not_reached_is_said_without_its_address(
    error: Exception, said: str
) -> None:
    assert unreached(error) == said


async def test_a_deadline_that_is_over_sends_nothing(redis: Redis) -> None:
    with LlmEndpoint(lambda body: (200, completion("Cooking"))) as endpoint:
        async with asking(redis, endpoint.url, **LIMITS) as asker:
            with pytest.raises(LlmError, match="was not reached within"):
                await asker.llm._endpoint.complete([{"role": "user", "content": "hello"}], None, 0)
            await asyncio.sleep(0.05)
        assert not endpoint.requests
