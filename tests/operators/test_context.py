from __future__ import annotations

import numpy as np

from operators.context import Context
from schemas import Scenario, Vector
from schemas.frames import NS
from tests.schemas.scenarios import plain_scenario


def record(minute: float, device: str = "a") -> Scenario:
    features = Vector.of(np.array([[1.0]]))
    return plain_scenario(round((1_000 + minute * 60) * NS), device, embeddings=features)


def minutes(records: list[Scenario]) -> list[float]:
    return [(r.start_ns / NS - 1_000) / 60 for r in records]


def test_what_came_within_the_span_is_returned_in_order() -> None:
    context = Context(2 * 60 * NS)
    contexts = [minutes(context.push(record(m), 0.0)) for m in (0.0, 0.5, 1.0, 2.5, 9.0)]
    assert contexts == [[], [0.0], [0.0, 0.5], [0.5, 1.0], []]


def test_devices_do_not_see_each_other() -> None:
    context = Context(60 * NS)
    context.push(record(0.0, "a"), 0.0)
    assert context.push(record(0.5, "b"), 0.0) == []
    assert minutes(context.push(record(0.5, "a"), 0.0)) == [0.0]


def test_a_record_that_comes_again_is_not_its_own_context() -> None:
    context = Context(5 * 60 * NS)
    for m in (0.0, 0.5, 1.0):
        context.push(record(m), 0.0)
    assert minutes(context.push(record(0.5), 0.0)) == [0.0]
    assert minutes(context.push(record(1.5), 0.0)) == [0.0, 0.5, 1.0]


def test_a_record_that_comes_again_has_its_whole_context_again() -> None:
    context = Context(60 * NS)
    for m in (0.0, 1.0):
        context.push(record(m), 0.0)
    assert minutes(context.push(record(1.0), 0.0)) == [0.0]


def test_embeddings_are_not_kept() -> None:
    context = Context(60 * NS)
    context.push(record(0.0), 0.0)
    assert [r.embeddings for r in context.push(record(0.5), 0.0)] == [None]


def test_a_span_of_nothing_means_no_context() -> None:
    context = Context(0)
    context.push(record(0.0), 0.0)
    assert context.push(record(0.5), 0.0) == []


def test_what_a_silent_device_said_is_forgotten() -> None:
    context = Context(60 * NS)
    for minute, device, now_s in ((0.0, "a", 0.0), (0.0, "b", 1.0), (0.5, "a", 601.0)):
        context.push(record(minute, device), now_s)
    # The other has been silent for ten minutes and no longer.
    assert minutes(context.push(record(0.5, "b"), 601.0)) == [0.0]
    assert minutes(context.push(record(1.0, "a"), 1_201.0)) == [0.5]
    assert context.push(record(1.0, "b"), 1_202.0) == []
    assert not context.reaches_back(record(1.0, "b"))
    assert context.reaches_back(record(1.5, "a"))


def test_it_reaches_back_once_it_has_seen_the_whole_span() -> None:
    context = Context(60 * NS)
    contexts = []
    for m in (0.0, 0.5, 1.0):
        context.push(record(m), 0.0)
        contexts.append(context.reaches_back(record(m)))
    assert contexts == [False, False, True]
    assert not context.reaches_back(record(1.0, "b"))


def test_what_somebody_else_saw_is_known_from_then_on() -> None:
    context = Context(60 * NS)
    assert context.since_ns("a") is None
    context.push(record(1.0), 0.0)
    assert context.since_ns("a") == record(1.0).start_ns
    context.recall(record(1.0), [record(0.0), record(0.5)])
    assert context.reaches_back(record(1.0))
    assert not context.reaches_back(record(0.5))
    assert minutes(context.push(record(1.5), 0.0)) == [0.5, 1.0]


def test_a_record_that_was_seen_here_stands_against_what_is_recalled() -> None:
    context = Context(60 * NS)
    context.push(record(0.0), 0.0)
    other = record(0.0).model_copy(update={"revision": "other"})
    context.recall(record(0.0), [other])
    assert [r.revision for r in context.push(record(0.5), 0.0)] == ["r"]


def test_nothing_is_recalled_of_a_device_that_is_forgotten() -> None:
    context = Context(60 * NS)
    context.recall(record(1.0), [record(0.5)])
    assert context.since_ns("a") is None


def test_records_from_before_an_erasure_are_no_context() -> None:
    context = Context(5 * 60 * NS)
    context.push(record(0.0), 0.0)
    context.push(record(0.0, "b"), 0.0)
    assert context.push(record(0.5), 0.0, after_ms=1_000) == []
    assert context.since_ns("a") == record(0.5).start_ns
    assert minutes(context.push(record(1.0), 0.0, after_ms=1_000)) == [0.5]
    assert minutes(context.push(record(0.5, "b"), 0.0)) == [0.0]
