from __future__ import annotations

import json
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.wearer import LIMIT, PRECISION_MAX, PRIOR, Wearer

NETWORK = "0123456789ab"
IN_DOUBT = {"Cooking": 0.3, "Watching TV": 0.4, "Eating": 0.1}


def wearer_after(windows: int, refined: str = "Cooking") -> Wearer:
    wearer = Wearer(NETWORK)
    for n in range(windows):
        wearer = wearer.push(f"w{n}", IN_DOUBT, [refined])
    return wearer


def test_what_windows_are_refined_to_becomes_likelier_and_the_rest_less() -> None:
    bias = wearer_after(5).bias
    assert bias["Cooking"] > 0.5
    assert bias["Watching TV"] < 0 > bias["Eating"]
    # Newton's step of a logistic regression with this prior.
    assert wearer_after(1).bias["Cooking"] == pytest.approx(0.7 / (PRIOR + 0.3 * 0.7))


def test_a_scenario_that_is_right_as_often_as_it_is_said_keeps_its_odds() -> None:
    wearer = Wearer(NETWORK)
    even = {"Cooking": 0.5, "Eating": 0.5}
    for n in range(200):
        wearer = wearer.push(f"w{n}", even, ["Cooking"] if n % 2 else ["Eating"])
    assert wearer.windows == 200
    assert max(abs(number) for number in wearer.bias.values()) < 0.15


def test_whoever_refines_wrongly_for_long_shifts_it_no_further_than_the_limit() -> None:
    wearer = wearer_after(500)
    assert wearer.bias["Cooking"] == LIMIT
    assert min(wearer.bias.values()) == -LIMIT
    assert max(wearer.precision.values()) <= PRECISION_MAX


def adapted_scores(wearer: Wearer) -> dict[str, float]:
    """What a network that finds every window alike says with this wearer's adapter."""
    return {
        name: 1 / (1 + (1 - p) / p * exp(-wearer.bias.get(name, 0.0)))
        for name, p in IN_DOUBT.items()
    }


def test_a_habit_becomes_what_is_said_and_is_forgotten_when_it_ends() -> None:
    wearer = Wearer(NETWORK)
    for day, habit in enumerate(("Cooking", "Watching TV")):
        for n in range(150):
            wearer = wearer.push(f"{day}/{n}", adapted_scores(wearer), [habit])
        scores = adapted_scores(wearer)
        assert max(scores, key=lambda name: scores[name]) == habit
        assert scores[habit] > 0.6


def test_a_window_that_comes_again_counts_once() -> None:
    wearer = wearer_after(3)
    assert wearer.push("w2", IN_DOUBT, ["Cooking"]) is wearer
    assert wearer.windows == 3


def test_an_answer_without_a_known_scenario_teaches_nothing() -> None:
    wearer = wearer_after(3)
    assert wearer.push("new", IN_DOUBT, ["Skydiving"]) is wearer
    assert wearer.push("new", IN_DOUBT, []) is wearer


def test_it_comes_back_as_it_was() -> None:
    wearer = wearer_after(40)
    assert Wearer.restore(wearer.snapshot()) == wearer
    assert len(wearer.snapshot()) < 2_000
    assert wearer.push("w39", IN_DOUBT, ["Cooking"]) is wearer


def changed_snapshot(**changes: object) -> bytes:
    return json.dumps({**json.loads(wearer_after(2).snapshot()), **changes}).encode()


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"null",
        b"\xff",
        b"{}",
        changed_snapshot(version=2),
        changed_snapshot(bias={"Cooking": 99.0}),
        changed_snapshot(bias={"Cooking": float("nan")}),
        changed_snapshot(precision={"Cooking": 0.0}),
        changed_snapshot(precision=[1]),
    ],
)
def test_what_cannot_be_used_is_none(value: bytes) -> None:
    assert Wearer.restore(value) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.booleans()), max_size=60))
def test_biases_stay_bounded_whatever_comes(windows: list[tuple[float, float, bool]]) -> None:
    wearer = Wearer(NETWORK)
    for n, (first, second, which) in enumerate(windows):
        refined = ["Cooking"] if which else ["Eating", "Cooking"]
        wearer = wearer.push(f"w{n}", {"Cooking": first, "Eating": second}, refined)
    assert all(abs(number) <= LIMIT for number in wearer.bias.values())
    assert Wearer.restore(wearer.snapshot()) == wearer


def test_any_precision_above_nothing_can_be_used() -> None:
    restored = Wearer.restore(changed_snapshot(precision={"Cooking": 0.5}))
    assert restored is not None
    assert restored.precision == {"Cooking": 0.5}
