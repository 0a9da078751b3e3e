from __future__ import annotations

import logging

import pytest

from infra.errors import LlmError
from infra.llm.breaker import Breaker
from infra.llm.call_error import CallError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def fail(breaker: Breaker) -> None:
    with pytest.raises(CallError), breaker.call():
        raise CallError("status", "500")


def is_refused(breaker: Breaker) -> bool:
    try:
        breaker.check()
    except LlmError as error:
        return error.outcome == "breaker"
    return False


def test_it_opens_after_failures_in_a_row_only(clock: Clock) -> None:
    breaker = Breaker(3, 10.0, clock)
    for _ in range(2):
        fail(breaker)
    with breaker.call():
        pass
    for _ in range(2):
        fail(breaker)
    assert not is_refused(breaker)
    fail(breaker)
    assert is_refused(breaker)


def test_one_trial_at_a_time_decides(clock: Clock) -> None:
    breaker = Breaker(1, 10.0, clock)
    fail(breaker)
    clock.now = 10.0
    with breaker.call():
        assert is_refused(breaker)
    assert not is_refused(breaker)
    fail(breaker)
    clock.now = 20.0
    fail(breaker)
    clock.now = 29.0
    assert is_refused(breaker)


def test_a_call_that_was_not_made_is_no_failure_and_ends_no_outage(clock: Clock) -> None:
    breaker = Breaker(1, 10.0, clock)
    for _ in range(3):
        with pytest.raises(LlmError, match="spent"), breaker.call():
            raise LlmError("budget", "spent")
    assert not is_refused(breaker)
    fail(breaker)
    clock.now = 10.0
    with pytest.raises(LlmError, match="spent"), breaker.call():
        raise LlmError("budget", "spent")
    assert not is_refused(breaker)
    fail(breaker)
    assert is_refused(breaker)


def test_it_says_once_why_it_opened_and_that_it_closed(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    breaker = Breaker(2, 10.0, clock)
    with caplog.at_level(logging.INFO, "infra.llm.breaker"):
        fail(breaker)
        assert not caplog.messages
        for _ in range(3):
            fail(breaker)
            clock.now += 10.0
        with pytest.raises(CallError), breaker.call():
            raise CallError("timeout", "no answer within 20 s")
        clock.now += 10.0
        with breaker.call():
            pass
        with breaker.call():
            pass
    begin = "the language model is left alone and tried every 10 s: the last"
    rest = "until it answers, local estimates stand"
    assert caplog.messages == [
        f"{begin} 2 calls failed (500); {rest}",
        f"{begin} 5 calls failed (no answer within 20 s); {rest}",
        "the language model answers again",
    ]


def test_its_refusal_says_why_but_not_what_an_answer_said(clock: Clock) -> None:
    breaker = Breaker(1, 10.0, clock)
    fail(breaker)
    with pytest.raises(
        LlmError, match=r"the last 1 calls failed \(500\); the next trial is in 10 s"
    ):
        breaker.check()
    clock.now = 10.0
    with pytest.raises(CallError), breaker.call():
        raise CallError("invalid", "'the wearer is ill' is not a category")
    with pytest.raises(LlmError, match=r"the last 2 calls failed \(unusable answer \(invalid\)\)"):
        breaker.check()
