from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.smoothing import override, smooth

S = 1_000_000_000

estimates = st.lists(
    st.tuples(
        st.integers(0, 200).map(lambda n: n * 30 * S),
        st.dictionaries(st.sampled_from("abcd"), st.floats(0, 1), max_size=4),
    ),
    max_size=60,
)


def test_a_lone_estimate_is_only_normalised() -> None:
    [(start_ns, shares)] = smooth([(0, {"a": 0.9, "b": 0.3})])
    assert start_ns == 0
    assert shares == pytest.approx({"a": 0.75, "b": 0.25})


def test_every_record_weighs_the_same_however_many_labels_it_fires() -> None:
    loud, quiet = (0, {"a": 0.9, "b": 0.9}), (30 * S, {"a": 0.1})
    assert smooth([loud, quiet])[1][1] == {"a": pytest.approx(0.75), "b": pytest.approx(0.25)}


def test_the_window_reaches_back_ten_minutes_and_no_further() -> None:
    records = [(0, {"a": 1.0}), (30 * S, {"b": 1.0}), (600 * S, {"b": 1.0}), (1170 * S, {"c": 1.0})]
    assert [p for _, p in smooth(records)] == [
        {"a": 1.0},
        {"a": 0.5, "b": 0.5},
        {"b": 1.0},
        {"b": 0.5, "c": 0.5},
    ]


def test_a_gap_longer_than_the_window_starts_afresh() -> None:
    assert smooth([(0, {"a": 1.0}), (3600 * S, {"b": 1.0})])[1][1] == {"b": 1.0}


def test_a_record_without_mass_does_not_dilute_the_others() -> None:
    assert smooth([(0, {"a": 0.2}), (30 * S, {"a": 0.0, "b": 0.0})])[1][1] == {"a": 1.0}


def test_a_window_without_mass_is_empty() -> None:
    assert smooth([(0, {}), (30 * S, {"a": 0.0})]) == [(0, {}), (30 * S, {})]


@given(estimates)
def test_every_result_sums_to_one_or_is_empty(records: list[tuple[int, dict[str, float]]]) -> None:
    results = smooth(records)
    assert len(results) == len(records)
    for _, smoothed in results:
        assert not smoothed or math.isclose(sum(smoothed.values()), 1.0, abs_tol=1e-9)


@given(estimates, st.randoms())
def test_the_order_of_arrival_does_not_change_a_bit(
    records: list[tuple[int, dict[str, float]]], random: object
) -> None:
    shuffled = list(records)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert smooth(shuffled) == smooth(records)


@given(estimates, st.integers(0, 200))
def test_reading_ten_minutes_back_is_enough_to_smooth_a_tail(
    records: list[tuple[int, dict[str, float]]], at: int
) -> None:
    begin = at * 30 * S
    tail = [record for record in records if record[0] > begin - 600 * S]
    want = [item for item in smooth(records) if item[0] >= begin]
    assert [item for item in smooth(tail) if item[0] >= begin] == want


def test_refined_labels_share_all_of_the_mass() -> None:
    assert override({"a": 0.9, "b": 0.4}, ["b"]) == {"b": 1.0}
    assert override({"a": 0.9}, ["b", "c", "b"]) == {"b": 0.5, "c": 0.5}
    assert override({"a": 0.9}, []) == {"a": 0.9}


@pytest.mark.parametrize("window_s", [0.0, -1.0, math.nan])
def test_a_window_that_is_not_positive_is_refused(window_s: float) -> None:
    with pytest.raises(ValueError, match="expected a positive number of seconds"):
        smooth([], window_s)


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_a_value_that_is_no_probability_is_refused_by_name(value: float) -> None:
    with pytest.raises(ValueError, match=f"probability of 'a' is {value};"):
        smooth([(0, {"a": value})])
