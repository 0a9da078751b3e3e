from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from models.research.lanhar.interpretation.answers import Answers
from models.research.lanhar.interpretation.llm_batch import (
    BatchConfig,
    EndpointError,
    LlmBatch,
)
from tests.pipeline.llm_endpoint import LlmEndpoint, Raw, Reply, completion

if TYPE_CHECKING:
    from pathlib import Path


class Number(BaseModel):
    number: int


def question(number: int) -> list[dict[str, str]]:
    return [{"role": "user", "content": f"say {number}"}]


def echo(body: dict[str, Any]) -> tuple[int, bytes]:
    return 200, completion(json.dumps({"number": int(body["messages"][0]["content"].split()[1])}))


def endpoint(url: str, folder: Path, **changes: Any) -> LlmBatch:
    config = {"timeout_s": 60.0, "retries": 0, **changes}
    return LlmBatch(BatchConfig(url, "scripted", **config), Answers(folder))


def test_answers_come_in_the_order_of_the_questions(tmp_path: Path) -> None:
    another = threading.Event()

    def slow_first(body: dict[str, Any]) -> tuple[int, bytes]:
        if body["messages"][0]["content"] == "say 0":
            another.wait(60)
        return echo(body)

    answered: list[int] = []

    def note(index: int, _: object) -> None:
        answered.append(index)
        another.set()

    with LlmEndpoint(slow_first) as server:
        found = endpoint(server.url, tmp_path).ask_all(
            [question(n) for n in range(8)], Number, on_answer=note
        )
    assert [one.number for one in found if isinstance(one, Number)] == list(range(8))
    assert answered.index(0) > 0


def test_structured_output_is_asked_for_by_the_forms_schema(tmp_path: Path) -> None:
    with LlmEndpoint(echo) as server:
        endpoint(server.url, tmp_path).ask_all([question(1)], Number)
    [request] = server.requests
    assert request["response_format"]["json_schema"]["schema"] == Number.model_json_schema()
    assert request["model"] == "scripted"


def test_a_second_run_asks_only_what_has_no_answer(tmp_path: Path) -> None:
    def half(body: dict[str, Any]) -> tuple[int, bytes]:
        if int(body["messages"][0]["content"].split()[1]) % 2:
            return 500, b"{}"
        return echo(body)

    asked = [question(n) for n in range(6)]
    with LlmEndpoint(half) as server:
        first = endpoint(server.url, tmp_path).ask_all(asked, Number)
    assert [isinstance(one, EndpointError) for one in first] == [False, True] * 3
    with LlmEndpoint(echo) as server:
        second = endpoint(server.url, tmp_path).ask_all(asked, Number)
        assert len(server.requests) == 3
        endpoint(server.url, tmp_path).ask_all(asked, Number)
        assert len(server.requests) == 3
    assert [one.number for one in second if isinstance(one, Number)] == list(range(6))


def test_the_estimate_counts_only_what_would_be_asked(tmp_path: Path) -> None:
    asked = [question(n) for n in range(4)]
    with LlmEndpoint(echo) as server:
        before = endpoint(server.url, tmp_path, price_in=1.0, price_out=2.0)
        full = before.estimate(asked, Number)
        before.ask_all(asked[:3], Number)
        rest = before.estimate(asked, Number)
    assert (full.calls, full.kept, rest.calls, rest.kept) == (4, 0, 1, 3)
    assert full.tokens_in == pytest.approx(sum(len("say 0") for _ in asked) / 3.2, abs=1)
    assert full.dollars == pytest.approx((full.tokens_in + 2 * full.tokens_out) / 1e6)
    assert "4 calls" in str(full)
    assert "cost unknown" in str(endpoint("http://x", tmp_path / "n").estimate(asked, Number))


def test_no_more_calls_run_at_once_than_allowed(tmp_path: Path) -> None:
    running, most, lock = 0, 0, threading.Lock()
    together = threading.Barrier(3)

    def busy(body: dict[str, Any]) -> tuple[int, bytes]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait(60)
        time.sleep(0.05)
        with lock:
            running -= 1
        return echo(body)

    with LlmEndpoint(busy) as server:
        asked = [question(n) for n in range(12)]
        endpoint(server.url, tmp_path, concurrency=3).ask_all(asked, Number)
    assert most == 3


def test_an_endpoint_without_structured_output_is_asked_without(tmp_path: Path) -> None:
    def old(body: dict[str, Any]) -> tuple[int, bytes]:
        if "response_format" in body:
            return 400, b'{"error": {"message": "response_format is unknown"}}'
        return 200, completion('Sure:\n```json\n{"number": 7}\n```')

    with LlmEndpoint(old) as server:
        asker = endpoint(server.url, tmp_path, concurrency=1)
        found = asker.ask_all([question(1), question(2)], Number)
        kinds = [(r.get("response_format") or {}).get("type") for r in server.requests]
    assert [one.number for one in found if isinstance(one, Number)] == [7, 7]
    # What it does not know is tried once, not for every question.
    assert kinds == ["json_schema", "json_schema", "json_object", None, None]


def test_a_malformed_answer_is_asked_for_once_more_with_what_is_wrong(tmp_path: Path) -> None:
    replies = ['{"number": "many"}', '{"number": 5}']

    with LlmEndpoint(lambda body: (200, completion(replies.pop(0)))) as server:
        [found] = endpoint(server.url, tmp_path).ask_all([question(1)], Number)
        assert found == Number(number=5)
        correction = server.requests[1]["messages"][-1]["content"]
    assert correction.startswith("number: Input should be a valid integer")


def test_what_stays_malformed_is_an_error_and_not_kept(tmp_path: Path) -> None:
    with LlmEndpoint(lambda body: (200, completion("no"))) as server:
        [found] = endpoint(server.url, tmp_path).ask_all([question(1)], Number)
    assert isinstance(found, EndpointError)
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ((500, b"{}"), "the endpoint answered 500"),
        ((401, b"{}"), "the endpoint answered 401"),
        ((200, b'{"choices": []}'), "no choices"),
        ((200, b"[]"), "malformed|no choices"),
        ((200, completion("  ")), "no text"),
        ((200, completion("x")[:-9]), "malformed"),
    ],
)
def test_every_failure_is_one_typed_error(
    tmp_path: Path, reply: tuple[int, bytes], message: str
) -> None:
    with LlmEndpoint(lambda body: reply) as server:
        [found] = endpoint(server.url, tmp_path).ask_all([question(1)], Number)
    assert isinstance(found, EndpointError)
    with pytest.raises(EndpointError, match=message):
        raise found


def test_an_endpoint_that_is_not_there_is_named(tmp_path: Path) -> None:
    [found] = endpoint("http://127.0.0.1:9/v1", tmp_path).ask_all([question(1)], Number)
    assert "'http://127.0.0.1:9/v1' cannot be reached" in str(found)


def test_a_slow_answer_times_out(tmp_path: Path) -> None:
    def slow(body: dict[str, Any]) -> tuple[int, bytes]:
        time.sleep(0.6)
        return echo(body)

    with LlmEndpoint(slow) as server:
        [found] = endpoint(server.url, tmp_path, timeout_s=0.2).ask_all([question(1)], Number)
    assert isinstance(found, EndpointError)


def test_the_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGOLOG_LLM_API_KEY", "sesame")
    monkeypatch.setenv("EGOLOG_LLM_MODEL", "small")
    config = BatchConfig.of_environment("http://x/v1", None)
    assert (config.api_key, config.model) == ("sesame", "small")
    assert "sesame" not in repr(config)


def test_no_prompt_follows_a_redirect_to_another_host(tmp_path: Path) -> None:
    with LlmEndpoint(echo) as other:
        elsewhere = {"location": f"{other.url}/chat/completions"}
        with LlmEndpoint(lambda body: Raw(307, headers=elsewhere)) as server:
            [answer] = endpoint(server.url, tmp_path).ask_all([question(1)], Number)
        assert not other.raw
    assert "the endpoint answered 307" in str(answer)


def test_an_answer_that_is_too_large_is_an_error(tmp_path: Path) -> None:
    with LlmEndpoint(lambda body: (200, completion("x" * 400_000))) as server:
        [answer] = endpoint(server.url, tmp_path).ask_all([question(1)], Number)
    assert "more than 256000 bytes" in str(answer)


def test_a_failure_that_may_pass_is_tried_again(tmp_path: Path) -> None:
    replies: list[Reply] = [lambda body: Raw(429, headers={"retry-after": "0"}), echo]

    def next_reply(body: dict[str, Any]) -> tuple[int, bytes] | Raw:
        return replies.pop(0)(body)

    with LlmEndpoint(next_reply) as server:
        [answer] = endpoint(server.url, tmp_path, retries=1).ask_all([question(4)], Number)
    assert answer == Number(number=4)
