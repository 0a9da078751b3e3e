from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from infra.daily_log.corrections import Words, added_spans, apply_corrections, in_force
from infra.daily_log.totals import totals
from tests.infra.daily_log.corrected_log import S, activity, correction, named_span, scenario, undo

if TYPE_CHECKING:
    from schemas import Correction

RECORDS = [scenario(start) for start in (0, 30, 60, 90)]


def leading(*corrections: Correction) -> list[str]:
    return [record.leading for record in apply_corrections(RECORDS, [], corrections).scenarios]


def test_the_newest_word_on_a_span_holds_whatever_the_order_of_arrival() -> None:
    first = correction(1, named_span(0, 120, "Cooking"))
    second = correction(2, named_span(30, 90, "Driving"))
    for order in itertools.permutations([first, second]):
        assert leading(*order, *order) == ["Cooking", "Driving", "Driving", "Cooking"]


def test_what_was_taken_back_is_as_if_never_said_and_may_be_taken_back_again() -> None:
    first = correction(1, named_span(0, 60, "Cooking"))
    back = undo(2, first)
    again = undo(3, back)
    for order in itertools.permutations([first, back, again]):
        assert in_force(order[:]) == [first]
    assert in_force([first, back]) == []
    assert leading(first, back) == ["Eating"] * 4


def test_a_record_belongs_to_the_side_that_it_is_mostly_on() -> None:
    assert leading(correction(1, named_span(14, 46, "Cooking")))[:2] == ["Cooking", "Cooking"]
    assert leading(correction(1, named_span(16, 45, "Cooking"))) == ["Eating"] * 4
    assert leading(correction(1, named_span(16, 46, "Cooking")))[:2] == ["Eating", "Cooking"]


def test_a_split_names_its_parts_and_a_deleted_span_leads_to_nothing() -> None:
    split = correction(
        1, named_span(0, 60, "Cooking"), named_span(60, 120, "Driving"), action="split"
    )
    gone = correction(2, named_span(90, 120), action="delete")
    assert leading(split, gone) == ["Cooking", "Cooking", "Driving", ""]


def test_a_note_changes_no_label() -> None:
    note = correction(1, named_span(0, 60), action="note", note="with Ada")
    log = apply_corrections(RECORDS, [], [note])
    assert [record.corrected for record in log.scenarios] == [None] * 4
    assert log.corrections == [note]


def test_each_row_has_words_of_its_own() -> None:
    first = correction(1, named_span(0, 60, "cycling"), row="activity")
    log = apply_corrections(RECORDS, [activity(0), activity(60)], [first])
    assert [record.leading for record in log.activities] == ["cycling", "walking"]
    assert log.scenarios[0].leading == "Eating"


def test_the_wearers_word_is_before_the_refiners() -> None:
    log = apply_corrections(RECORDS, [], [correction(1, named_span(0, 30, "Cooking", "Eating"))])
    assert log.scenarios[0].decided_labels == ["Cooking", "Eating"]
    assert log.scenarios[1].decided_labels == []


def test_what_is_said_of_times_without_a_record_is_added_and_counts() -> None:
    first = correction(1, named_span(60, 600, "Driving"), action="add")
    log = apply_corrections(RECORDS, [], [first])
    [gap] = added_spans(log)
    assert (gap.row, gap.start_ns, gap.end_ns, gap.leading) == (
        "scenario",
        120 * S,
        600 * S,
        "Driving",
    )
    lasted = {total.label: total.seconds for total in totals(log, [gap])}
    assert lasted == {"Driving": 540, "Eating": 60}


def test_beyond_the_bounds_of_the_records_nothing_is_added() -> None:
    log = apply_corrections(RECORDS, [], [correction(1, named_span(0, 600, "Driving"))])

    def added(from_s: int, to_s: int) -> list[tuple[int, int]]:
        spans = added_spans(log, from_s * S, to_s * S)
        return [(each.start_ns // S, each.end_ns // S) for each in spans]

    assert added(0, 120) == []
    assert added(0, 300) == [(120, 300)]
    assert added(200, 300) == [(200, 300)]
    assert added(600, 900) == []


def test_a_hole_that_nobody_sees_is_not_added() -> None:
    records = [scenario(0), scenario(50)]
    assert (
        added_spans(apply_corrections(records, [], [correction(1, named_span(0, 80, "Driving"))]))
        == []
    )


def test_what_was_added_is_cut_where_a_newer_word_begins() -> None:
    log = apply_corrections(
        [],
        [],
        [
            correction(1, named_span(0, 600, "Driving"), action="add"),
            correction(2, named_span(200, 300, "Eating"), action="add"),
            correction(3, named_span(500, 600), action="delete"),
        ],
    )
    spans = [(each.start_ns // S, each.end_ns // S, each.leading) for each in added_spans(log)]
    assert spans == [(0, 200, "Driving"), (200, 300, "Eating"), (300, 500, "Driving")]


def test_a_thousand_words_on_a_day_are_quickly_looked_up() -> None:
    words = Words(correction(n + 1, named_span(n * 10, n * 10 + 40, f"L{n}")) for n in range(1_000))
    assert words.at("scenario", 9_995 * S) is not None
    # The newest word holds, where four overlap.
    word = words.at("scenario", 5_005 * S)
    assert word is not None
    assert word.labels == ["L500"]
    assert words.at("scenario", 0) is not None
    assert words.at("activity", 0) is None


@pytest.mark.parametrize("time_s", [-1, 40])
def test_the_end_of_a_span_is_outside_of_it(time_s: int) -> None:
    words = Words([correction(1, named_span(0, 40, "Cooking"))])
    assert words.at("scenario", time_s * S) is None


def test_what_was_confirmed_is_marked_and_what_it_says_nothing_of_is_not() -> None:
    first = correction(
        1,
        named_span(0, 30, "Eating"),
        named_span(30, 60),
        named_span(60, 120, "Eating"),
        action="confirm",
    )
    records = apply_corrections(RECORDS, [], [first]).scenarios
    assert [record.corrected is not None for record in records] == [True, False, True, True]
    assert {record.corrected.confirmed for record in records if record.corrected} == {True}
    assert {record.leading for record in records} == {"Eating"}
    # A wider word of before stays where nothing was confirmed.
    earlier = correction(0, named_span(0, 120, "Cooking"))
    words = [
        record.corrected for record in apply_corrections(RECORDS, [], [first, earlier]).scenarios
    ]
    assert [(word.labels, word.confirmed) for word in words if word] == [
        (["Eating"], True),
        (["Cooking"], False),
        (["Eating"], True),
        (["Eating"], True),
    ]
