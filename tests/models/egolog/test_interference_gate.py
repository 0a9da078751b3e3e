from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.settings import Settings
from models.egolog.interference_gate import (
    FAR_ABOVE,
    NEAR_FIELD_FROM,
    NEAR_FROM,
    GateSecond,
    apply_gate,
    far_field,
    far_only,
    far_only_segments,
    interference_gate,
    wants_near_field,
)
from models.egolog.near_share import NearShare
from schemas import REGIONS

seconds = st.lists(
    st.builds(
        GateSecond,
        st.integers(0, 4),
        st.fixed_dictionaries(dict.fromkeys(REGIONS, st.floats(0, 1))),
        st.none() | st.builds(NearShare, st.just(np.zeros((50, 64), np.uint8)), st.floats(0, 1)),
    ),
    min_size=1,
)


def regions(**given: float) -> dict[str, float]:
    return {name: given.get(name.replace("-", "_"), 0.0) for name in REGIONS}


def second(at: int = 0, near: NearShare | None = None, **given: float) -> GateSecond:
    return GateSecond(at, regions(**given), near)


def near(share: int, energy: float = 0.5) -> NearShare:
    return NearShare(np.full((50, 64), share, np.uint8), energy)


def test_only_far_sound_is_far_field() -> None:
    assert far_field([second(left_far=1.0)]) == 1.0
    assert far_field([second(left_far=1.0, front_near=1.0)]) == 0.0
    assert far_field([second()]) == 0.0
    assert far_field([]) is None


@pytest.mark.parametrize(
    ("one", "probability"),
    [
        # Once as the mean, once as the least of the window's one second.
        (second(left_far=0.95), 1.0),
        (second(left_far=0.95, front_near=0.5), 0.25),
        (second(left_far=0.95, front_near=0.5, back_near=0.5), 0.0625),
        (second(front_near=0.9), 0.0),
        (second(left_far=0.1), 1.0),
        (second(left_far=0.0999), 0.0),
        (second(left_far=0.06, right_far=0.06), 1.0),
        (second(left_far=0.8, near=near(0, 0.25)), 1.0),
    ],
)
def test_sound_is_far_only_where_something_far_is_heard_and_nothing_near(
    one: GateSecond, probability: float
) -> None:
    assert far_field([one]) == probability


def test_silent_seconds_are_not_far_field() -> None:
    assert far_field([second(back_far=1.0), second(), second(), second()]) == 0.25


def test_one_near_sound_in_a_window_is_enough_to_listen() -> None:
    far = [second(back_far=1.0)] * 4
    assert far_field([*far, second(back_far=1.0, left_near=0.9)]) == pytest.approx(0.082)
    assert far_field([*far, second(left_near=0.9)]) == pytest.approx(0.08)


@given(seconds)
def test_it_is_a_probability(heard: list[GateSecond]) -> None:
    assert 0.0 <= (far_field(heard) or 0.0) <= 1.0


def test_audio_is_dropped_only_above_the_threshold() -> None:
    for interference in ("drop", "near"):
        assert interference_gate(0.91, 0.9, interference, extracted=False) == "dropped"
        assert interference_gate(0.9, 0.9, interference, extracted=False) == "open"
        assert interference_gate(None, 0.9, interference, extracted=False) == "open"


@pytest.mark.parametrize(
    ("interference", "far", "gate"),
    [
        ("off", 1.0, "open"),
        ("off", 0.0, "open"),
        ("drop", 1.0, "dropped"),
        ("drop", 0.0, "open"),
        ("near", 1.0, "dropped"),
        ("near", 0.0, "near"),
    ],
)
def test_where_the_near_field_was_extracted_the_setting_says_what_becomes_of_it(
    interference: str, far: float, gate: str
) -> None:
    assert interference_gate(far, 0.9, interference, extracted=True) == gate  # type: ignore[arg-type]


def test_the_near_field_is_extracted_where_a_far_source_is_as_likely_as_the_setting() -> None:
    assert wants_near_field(regions(back_far=0.5))
    assert not wants_near_field(regions(back_far=0.4999, front_near=1.0))
    assert wants_near_field(regions(back_far=0.2), 0.2)


def test_a_worker_begins_with_the_thresholds_of_the_evaluation() -> None:
    settings = Settings(_env_file=None)
    assert settings.far_field_above == FAR_ABOVE
    assert settings.near_field_from == NEAR_FIELD_FROM


MEL = np.random.default_rng(0).uniform(5, 20, (250, 64)).astype(np.float16)


def test_of_a_second_with_a_share_the_near_field_is_heard_and_of_the_others_everything() -> None:
    seconds = [second(0), second(2, near(0)), second(4, near(51))]
    sound = apply_gate(MEL, seconds, "near")
    assert (sound.gate, sound.far_field) == ("near", 0.0)
    assert sound.mel is not None
    kept = [*range(100), *range(150, 200)]
    np.testing.assert_array_equal(sound.mel[kept], MEL[kept])
    assert not sound.mel[100:150].any()
    fifth = np.log1p(np.expm1(MEL[200:].astype(np.float64)) / 5)
    np.testing.assert_allclose(sound.mel[200:], fifth, atol=0.02)
    assert sound.mel.dtype == MEL.dtype


def test_a_window_of_a_message_is_not_written_to() -> None:
    mel = MEL.copy()
    mel.flags.writeable = False
    apply_gate(mel, [second(0, near(0))], "near")
    np.testing.assert_array_equal(mel, MEL)


def test_shares_are_heard_only_where_the_setting_says_so() -> None:
    for interference in ("off", "drop"):
        sound = apply_gate(MEL, [second(0, near(0))], interference)
        assert sound.gate == "open"
        assert sound.mel is MEL


@pytest.mark.parametrize("interference", ["drop", "near"])
def test_silence_takes_the_place_of_what_is_far_only(interference: Literal["drop", "near"]) -> None:
    far = [second(at, near(51), left_far=1.0) for at in range(5)]
    sound = apply_gate(MEL, far, interference)
    assert sound.gate == "dropped"
    assert sound.mel is not None
    assert sound.mel.shape == MEL.shape
    assert sound.mel.dtype == MEL.dtype
    assert not sound.mel.any()
    assert apply_gate(None, far, interference).mel is None


def test_nothing_is_dropped_where_there_is_no_motion() -> None:
    far = [second(at, left_far=1.0) for at in range(5)]
    assert apply_gate(MEL, far, "drop", has_motion=False).gate == "open"
    assert apply_gate(MEL, far, "drop", has_motion=False).mel is MEL
    silent = [second(at, near(0, 0.0), left_far=1.0) for at in range(5)]
    assert apply_gate(MEL, silent, "near", has_motion=False).gate == "near"


def test_the_threshold_is_the_callers() -> None:
    seconds = [second(left_far=1.0, front_near=0.5)]
    assert apply_gate(MEL, seconds, "drop", 0.24).gate == "dropped"
    assert apply_gate(MEL, seconds, "drop", 0.25).gate == "open"


def test_a_window_without_sound_stays_without() -> None:
    assert apply_gate(None, [second(0, near(0))], "near").mel is None


def test_a_second_is_far_only_where_nothing_near_is_likely() -> None:
    assert far_only(regions(left_far=0.9, front_near=NEAR_FROM - 0.01))
    assert not far_only(regions(left_far=0.9, front_near=NEAR_FROM))
    assert far_only(regions(left_far=0.9, front_near=0.5), near_from=0.6)
    assert not far_only(regions(left_far=0.05))
    assert not far_only({})


def test_one_far_only_second_leaves_its_segment_out() -> None:
    seconds = [
        second(0, left_far=0.9),
        second(1, front_near=0.9),
        second(3),
        second(5, left_far=0.9),
    ]
    assert far_only_segments(seconds, 3).tolist() == [True, False, True]
    assert far_only_segments([], 3).tolist() == [False] * 3
