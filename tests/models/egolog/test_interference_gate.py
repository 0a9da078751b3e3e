from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.egolog.interference_gate import far_field, interference_gate
from schemas import REGIONS

seconds = st.lists(st.fixed_dictionaries(dict.fromkeys(REGIONS, st.floats(0, 1))), min_size=1)


def regions(**given: float) -> dict[str, float]:
    return {name: given.get(name.replace("-", "_"), 0.0) for name in REGIONS}


def test_only_far_sound_is_far_field() -> None:
    assert far_field([regions(left_far=1.0)]) == 1.0
    assert far_field([regions(left_far=1.0, front_near=1.0)]) == 0.0
    assert far_field([regions()]) == 0.0
    assert far_field([]) is None


@pytest.mark.parametrize(
    ("heard", "probability"),
    [
        (regions(left_far=0.95), 0.95),
        (regions(left_far=0.95, front_near=0.5), 0.475),
        (regions(front_near=0.9), 0.0),
        (regions(left_far=0.4, right_far=0.8), 0.8),
    ],
)
def test_sound_is_far_only_where_nothing_near_is_as_likely(
    heard: dict[str, float], probability: float
) -> None:
    assert far_field([heard]) == probability


def test_the_window_takes_the_mean_of_its_seconds() -> None:
    assert far_field([regions(back_far=1.0), regions()]) == 0.5


@given(seconds)
def test_it_is_a_probability(heard: list[dict[str, float]]) -> None:
    assert 0.0 <= (far_field(heard) or 0.0) <= 1.0


def test_audio_is_dropped_only_above_the_threshold() -> None:
    assert interference_gate(0.91, 0.9) == "dropped"
    assert interference_gate(0.9, 0.9) == "open"
    assert interference_gate(None, 0.9) == "open"
