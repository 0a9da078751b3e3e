from __future__ import annotations

from faust.types import TP

from streams.engine.kafka.contiguous_offsets import ContiguousOffsets

T = TP("frames", 0)


def started(first: int = 0) -> ContiguousOffsets:
    offsets = ContiguousOffsets()
    offsets.start(T, first)
    return offsets


def test_nothing_of_a_partition_that_was_not_started_may_be_committed() -> None:
    assert not ContiguousOffsets().advance(T, {0, 1})


def test_only_the_unbroken_run_may_be_committed_and_once() -> None:
    offsets = started(3)
    assert offsets.advance(T, {3, 4, 6}) == range(3, 5)
    assert not offsets.advance(T, {3, 4, 6})
    assert offsets.advance(T, {5, 6}) == range(5, 7)


def test_holes_count_as_acknowledged_and_are_forgotten_once_they_are_committed() -> None:
    offsets = started()
    offsets.add_hole(T, 0, 3)
    offsets.add_hole(T, 5, 6)
    assert offsets.advance(T, {3}) == range(4)
    assert offsets.absent == {T: {5: 6}}
    assert list(offsets.with_holes()) == [T]


def test_a_run_of_refused_messages_is_one_hole() -> None:
    offsets = started()
    for offset in (0, 1, 2, 5):
        offsets.add_refused(T, offset)
    assert offsets.absent == {T: {0: 3, 5: 6}}
    offsets.forget_holes(T)
    assert not list(offsets.with_holes())
