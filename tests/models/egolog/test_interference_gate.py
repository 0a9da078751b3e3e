from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.settings import Settings
from models.egolog.interference_gate import (
    FAR_ABOVE,
    NEAR_FIELD_FROM,
    HeardSecond,
    far_field,
    gated,
    interference_gate,
    wants_near_field,
)
from models.egolog.near_field import NearShare
from schemas import REGIONS

seconds = st.lists(
    st.builds(
        HeardSecond,
        st.integers(0, 4),
        st.fixed_dictionaries(dict.fromkeys(REGIONS, st.floats(0, 1))),
        st.none() | st.builds(NearShare, st.just(np.zeros((50, 64), np.uint8)), st.floats(0, 1)),
    ),
    min_size=1,
)


def regions(**given: float) -> dict[str, float]:
    return {name: given.get(name.replace("-", "_"), 0.0) for name in REGIONS}


def second(at: int = 0, near: NearShare | None = None, **given: float) -> HeardSecond:
    return HeardSecond(at, regions(**given), near)


def near(share: int, energy: float = 0.5) -> NearShare:
    return NearShare(np.full((50, 64), share, np.uint8), energy)


def test_only_far_sound_is_far_field() -> None:
    assert far_field([second(left_far=1.0)]) == 1.0
    assert far_field([second(left_far=1.0, front_near=1.0)]) == 0.0
    assert far_field([second()]) == 0.0
    assert far_field([]) is None


@pytest.mark.parametrize(
    ("heard", "probability"),
    [
        (second(left_far=0.95), 0.95),
        (second(left_far=0.95, front_near=0.5), 0.475),
        (second(front_near=0.9), 0.0),
        (second(left_far=0.4, right_far=0.8), 0.8),
        (second(left_far=0.8, near=near(0, 0.25)), 0.6),
        (second(left_far=0.8, front_near=0.5, near=near(0, 0.25)), 0.3),
    ],
)
def test_sound_is_far_only_where_nothing_near_is_as_likely(
    heard: HeardSecond, probability: float
) -> None:
    assert far_field([heard]) == probability


def test_the_window_takes_the_mean_of_its_seconds() -> None:
    assert far_field([second(back_far=1.0), second()]) == 0.5


@given(seconds)
def test_it_is_a_probability(heard: list[HeardSecond]) -> None:
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
    heard = [second(0), second(2, near(0)), second(4, near(51))]
    sound = gated(MEL, heard, "near")
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
    gated(mel, [second(0, near(0))], "near")
    np.testing.assert_array_equal(mel, MEL)


def test_shares_are_heard_only_where_the_setting_says_so() -> None:
    for interference in ("off", "drop"):
        sound = gated(MEL, [second(0, near(0))], interference)
        assert sound.gate == "open"
        assert sound.mel is MEL


def test_what_is_far_only_is_dropped_unless_there_is_no_motion() -> None:
    far = [second(at, left_far=1.0) for at in range(5)]
    assert gated(MEL, far, "drop").mel is None
    assert gated(MEL, far, "drop").gate == "dropped"
    assert gated(MEL, far, "drop", has_motion=False).gate == "open"
    assert gated(MEL, far, "drop", has_motion=False).mel is MEL
    silent = [second(at, near(0, 0.0), left_far=1.0) for at in range(5)]
    assert gated(MEL, silent, "near").gate == "dropped"
    assert gated(MEL, silent, "near", has_motion=False).gate == "near"


def test_the_threshold_is_the_callers() -> None:
    assert gated(MEL, [second(left_far=0.5)], "drop", 0.49).gate == "dropped"


def test_a_window_without_sound_stays_without() -> None:
    assert gated(None, [second(0, near(0))], "near").mel is None
