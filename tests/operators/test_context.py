from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operators.context import Context
from schemas import Scenario, Vector
from schemas.frames import NS

if TYPE_CHECKING:
    import pytest


def record(minute: float, device: str = "a") -> Scenario:
    start_ns = round((1_000 + minute * 60) * NS)
    return Scenario(
        device_id=device,
        window_id=f"{device}/{start_ns}",
        session_id="s",
        start_ns=start_ns,
        end_ns=start_ns + 30 * NS,
        revision="r",
        coverage={},
        scenarios={"Cooking": 0.4},
        confidence=0.4,
        key_frames=[],
        activities=[],
        spatial={},
        sound_events={},
        motion={},
        embeddings=Vector.of(np.array([[1.0]])),
    )


def minutes(records: list[Scenario]) -> list[float]:
    return [(r.start_ns / NS - 1_000) / 60 for r in records]


def test_what_came_within_the_span_is_returned_in_order() -> None:
    context = Context(2 * 60 * NS)
    said = [minutes(context.push(record(m))) for m in (0.0, 0.5, 1.0, 2.5, 9.0)]
    assert said == [[], [0.0], [0.0, 0.5], [0.5, 1.0], []]


def test_devices_do_not_see_each_other() -> None:
    context = Context(60 * NS)
    context.push(record(0.0, "a"))
    assert context.push(record(0.5, "b")) == []
    assert minutes(context.push(record(0.5, "a"))) == [0.0]


def test_a_record_that_comes_again_is_not_its_own_context() -> None:
    context = Context(5 * 60 * NS)
    for m in (0.0, 0.5, 1.0):
        context.push(record(m))
    assert minutes(context.push(record(0.5))) == [0.0]
    assert minutes(context.push(record(1.5))) == [0.0, 0.5, 1.0]


def test_a_record_that_comes_again_has_its_whole_context_again() -> None:
    context = Context(60 * NS)
    for m in (0.0, 1.0):
        context.push(record(m))
    assert minutes(context.push(record(1.0))) == [0.0]


def test_embeddings_are_not_kept() -> None:
    context = Context(60 * NS)
    context.push(record(0.0))
    assert [r.embeddings for r in context.push(record(0.5))] == [None]


def test_a_span_of_nothing_means_no_context() -> None:
    context = Context(0)
    context.push(record(0.0))
    assert context.push(record(0.5)) == []


def test_beyond_the_most_devices_the_longest_silent_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("operators.context._DEVICES_MAX", 2)
    context = Context(60 * NS)
    for minute, device in ((0.0, "a"), (0.0, "b"), (0.5, "a"), (0.0, "c")):
        context.push(record(minute, device))
    assert minutes(context.push(record(1.0, "a"))) == [0.0, 0.5]
    assert context.reaches_back(record(1.0, "a"))
    assert not context.reaches_back(record(1.0, "b"))
    assert context.push(record(0.5, "b")) == []


def test_it_reaches_back_once_it_has_seen_the_whole_span() -> None:
    context = Context(60 * NS)
    said = []
    for m in (0.0, 0.5, 1.0):
        context.push(record(m))
        said.append(context.reaches_back(record(m)))
    assert said == [False, False, True]
    assert not context.reaches_back(record(1.0, "b"))
