from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.engine.kafka import written_here
from streams.engine.kafka.written_here import WrittenHere

FRAMES, RECORDS = TP("frames", 0), TP("records", 0)


class State(SimpleNamespace):
    """aiokafka's of one partition, told of `age_s` ago."""

    def __init__(self, position: int | None, age_s: float | None = 0.0, end: int = 0) -> None:
        super().__init__(
            position=position,
            has_valid_position=position is not None,
            timestamp=None if age_s is None else 1e3 * (100.0 - age_s),
            highwater=end,
            lso=None,
        )

    def consumed_to(self, position: int) -> None:
        self.position = position


class Fetching:
    """A thread about to fetch, and what the loop expects next of `records`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, state: State, expected: int | None) -> None:
        monkeypatch.setattr(written_here, "time", lambda: 100.0)
        self.state, self.expected = state, expected
        self.written = WrittenHere({"records"}, lambda _: self.expected)

    def due(self, *held: TP) -> list[TP]:
        states: dict[TP, Any] = {FRAMES: State(0), RECORDS: self.state}
        assignment = SimpleNamespace(tps=[FRAMES, RECORDS], state_value=states.__getitem__)
        due = self.written.due(assignment, held)
        assert due.state_value(RECORDS) is self.state
        return due.tps


@pytest.mark.parametrize(("age_s", "due"), [(0.0, False), (0.99, False), (1.0, True), (None, True)])
def test_what_is_written_here_is_asked_for_once_a_second(
    monkeypatch: pytest.MonkeyPatch, age_s: float | None, due: bool
) -> None:
    fetching = Fetching(monkeypatch, State(4, age_s), 4)
    assert fetching.due() == ([FRAMES, RECORDS] if due else [FRAMES])


def test_a_partition_without_a_position_or_with_records_at_hand_is_left_to_the_fetcher(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert RECORDS in Fetching(monkeypatch, State(None), None).due()
    assert RECORDS in Fetching(monkeypatch, State(4), 4).due(RECORDS)


@pytest.mark.parametrize(("end", "stable", "due"), [(5, None, True), (5, -1, True), (5, 4, False)])
def test_what_the_broker_is_known_to_have_is_fetched_at_once(
    monkeypatch: pytest.MonkeyPatch, end: int, stable: int | None, due: bool
) -> None:
    fetching = Fetching(monkeypatch, State(4, end=end), 4)
    fetching.state.lso = stable
    assert (RECORDS in fetching.due()) is due


def test_what_could_not_be_handed_over_is_fetched_until_it_was_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetching = Fetching(monkeypatch, State(4), 4)
    fetching.written.ask(RECORDS, 6)
    assert RECORDS in fetching.due()
    fetching.expected = 5
    assert RECORDS in fetching.due()
    fetching.expected = 6
    assert RECORDS not in fetching.due()


def test_the_next_fetch_begins_behind_what_was_handed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetching = Fetching(monkeypatch, State(4), 7)
    assert RECORDS not in fetching.due()
    assert fetching.state.position == 7


def test_a_position_that_went_back_by_itself_is_reported_and_not_moved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetching = Fetching(monkeypatch, State(4), 7)
    fetching.due()
    # The topic was created anew.
    fetching.state.position = 0
    assert RECORDS in fetching.due()
    assert fetching.state.position == 0
    assert fetching.written.went_back(RECORDS, 0)
    fetching.expected = 0
    fetching.written.on_seek(RECORDS)
    assert not fetching.written.went_back(RECORDS, 0)
    assert RECORDS not in fetching.due()


def test_a_position_that_went_back_is_reported_where_nothing_was_handed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetching = Fetching(monkeypatch, State(7), 7)
    fetching.due()
    fetching.state.position = 0
    assert RECORDS in fetching.due()
    assert fetching.state.position == 0
    assert fetching.written.went_back(RECORDS, 0)


def test_what_is_sought_meanwhile_is_not_moved_on(monkeypatch: pytest.MonkeyPatch) -> None:
    fetching = Fetching(monkeypatch, State(7), 7)
    fetching.due()

    def expected(_: TP) -> int:
        # What the event loop does while the fetching thread looks.
        fetching.written.on_seek(RECORDS)
        return 7

    fetching.written._expected = expected
    fetching.state.position = 0
    fetching.due()
    assert fetching.state.position == 0


def test_offsets_that_are_written_anew_tell_of_a_topic_that_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = Fetching(monkeypatch, State(4), 4).written
    assert written.continues(RECORDS, 4)
    assert written.continues(RECORDS, 6)
    assert not written.continues(RECORDS, 0)
    assert not written.continues(RECORDS, 7)
    assert written.recreated == {RECORDS}
    written.on_seek(RECORDS)
    assert written.continues(RECORDS, 0)
    assert not written.continues(RECORDS, 0)
    written.clear()
    assert written.recreated == set()
    assert written.continues(RECORDS, 0)


def test_a_change_of_partitions_forgets_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    fetching = Fetching(monkeypatch, State(4), 7)
    fetching.due()
    fetching.written.ask(RECORDS, 9)
    fetching.written.clear()
    assert not fetching.written.went_back(RECORDS, 0)
    assert RECORDS not in fetching.due()
