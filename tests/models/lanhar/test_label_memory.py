from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.linalg import expm

from models.lanhar import label_memory
from models.lanhar.label_memory import LabelMemory

if TYPE_CHECKING:
    from schemas.position import Place, Position

HEAD: tuple[Position, ...] = ("ear", "glasses")
NAMES = ("walking", "sitting", "standing", "lying", "standing up", "sitting down", "drinking")
MEMORY = LabelMemory(NAMES)


def shares(**likely: float) -> np.ndarray:
    """Return shares of the labels, what is not named alike."""
    named = {name.replace("_", " "): share for name, share in likely.items()}
    rest = (1 - sum(named.values())) / (len(NAMES) - len(named))
    return np.array([named.get(name, rest) for name in NAMES])


def memory_after(
    *windows: np.ndarray, every_s: float = 5.0, position: Position | None = None
) -> tuple[float, ...]:
    memory: tuple[float, ...] = ()
    for number, window in enumerate(windows):
        memory = MEMORY.after(memory, every_s * number, window, position)
    return memory


def first(memory: tuple[float, ...]) -> str:
    return NAMES[int(MEMORY.shares(memory).argmax())]


STILL = shares(sitting=0.4, standing=0.4, walking=0.01)
SEATED, RISES = shares(sitting=0.8), shares(standing_up=0.8)
SITS_DOWN = shares(sitting_down=0.8)


def test_who_keeps_still_after_standing_up_stands_and_after_sitting_down_sits() -> None:
    assert first(memory_after(SEATED, RISES, STILL, STILL)) == "standing"
    assert first(memory_after(SEATED, RISES, STILL, SITS_DOWN, STILL)) == "sitting"
    assert first(memory_after(shares(walking=0.8), STILL)) == "standing"


def test_a_still_head_does_not_show_whether_its_wearer_sits_and_rising_does() -> None:
    leaning = shares(sitting=0.5, standing=0.2, walking=0.01)
    assert first(memory_after(SEATED, RISES, *[leaning] * 24)) == "sitting"
    for position in HEAD:
        risen = memory_after(SEATED, RISES, *[leaning] * 24, position=position)
        assert first(risen) == "standing"
        assert first(MEMORY.after(risen, 130.0, SITS_DOWN, position)) == "sitting down"
        assert (
            first(memory_after(RISES, SITS_DOWN, *[leaning] * 24, position=position)) == "sitting"
        )


def test_a_head_shows_what_is_done_and_a_waist_shows_how_it_sits() -> None:
    for position in HEAD:
        assert first(memory_after(SEATED, shares(walking=0.8), position=position)) == "walking"
        drinks = shares(drinking=0.8, sitting=0.1)
        assert first(memory_after(SEATED, *[drinks] * 4, position=position)) == "drinking"
    stands = [shares(standing=0.7, sitting=0.2)] * 9
    assert first(memory_after(*[SEATED] * 9, *stands, position="waist")) == "standing"
    assert first(memory_after(*[SEATED] * 9, *stands, position="glasses")) == "sitting"


def test_a_head_is_remembered_among_labels_of_one_posture() -> None:
    memory = LabelMemory(("writing", "walking"))
    begun = memory.after((), 0.0, np.array([0.9, 0.1]), "ear")
    assert memory.shares(begun).sum() == pytest.approx(1)
    assert memory.shares(begun).argmax() == 0


def test_one_window_does_not_outweigh_minutes_and_several_do() -> None:
    odd = shares(drinking=0.4, sitting=0.3)
    assert first(memory_after(*[SEATED] * 6, odd)) == "sitting"
    assert first(memory_after(*[SEATED] * 6, *[odd] * 20)) == "drinking"


def test_what_is_long_past_says_nothing() -> None:
    soon = MEMORY.after(memory_after(SEATED, RISES), 15.0, STILL)
    late = MEMORY.after(memory_after(SEATED, RISES), 7_000.0, STILL)
    sitting, standing = (NAMES.index(name) for name in ("sitting", "standing"))
    assert MEMORY.shares(soon)[standing] > MEMORY.shares(soon)[sitting]
    assert MEMORY.shares(late)[standing] < MEMORY.shares(late)[sitting]


def test_hours_later_it_is_no_matter_whether_the_wearer_sat_or_stood() -> None:
    sat, stood = (memory_after(*[shares(**{label: 0.9})] * 4) for label in ("sitting", "standing"))
    of_sat, of_stood = (
        MEMORY.shares(MEMORY.after(before, 7_000.0, STILL)) for before in (sat, stood)
    )
    np.testing.assert_allclose(of_sat, of_stood, atol=0.01)
    assert of_stood[NAMES.index("standing")] > 0.05


def test_alike_windows_are_as_sure_together_as_each_is_by_itself() -> None:
    unsure, sure = shares(sitting=0.35, drinking=0.3), shares(sitting=0.8)
    assert first(memory_after(*[unsure] * 60)) == "sitting"
    assert MEMORY.shares(memory_after(*[unsure] * 60)).max() < 0.6
    assert MEMORY.shares(memory_after(*[sure] * 60)).max() > 0.9


def test_a_place_has_a_confidence_of_its_own_that_changes_no_order() -> None:
    places: dict[Place, float] = {"pocket": 0.4}
    memory, seated = LabelMemory(NAMES, 1.0, places), memory_after(*[SEATED] * 9)
    anywhere, here = memory.shares(seated), memory.shares(seated, "pocket")
    assert here.max() < anywhere.max()
    assert np.argsort(here).tolist() == np.argsort(anywhere).tolist()
    np.testing.assert_array_equal(memory.shares(seated, "wrist"), anywhere)


def test_what_was_sure_minutes_ago_does_not_make_the_last_minute_sure() -> None:
    unsure, sure = shares(sitting=0.35, drinking=0.3), shares(sitting=0.8)
    since = MEMORY.shares(memory_after(*[sure] * 60, *[unsure] * 60))
    assert since.max() == pytest.approx(MEMORY.shares(memory_after(*[unsure] * 60)).max(), abs=0.02)


def test_shares_are_probabilities() -> None:
    assert MEMORY.shares(memory_after(SEATED, STILL)).sum() == pytest.approx(1)
    certain = np.eye(len(NAMES))[0]
    assert np.isfinite(MEMORY.shares(memory_after(certain, np.eye(len(NAMES))[1]))).all()


def test_a_memory_of_other_labels_or_a_clock_set_back_does_no_harm() -> None:
    begun = MEMORY.after((), 5.0, SEATED)
    assert MEMORY.after((1.0, 0.5, 0.5), 5.0, SEATED) == begun
    again = MEMORY.after(begun, 0.0, SEATED)
    assert again[0] == 0.0
    assert sum(again[3:]) == pytest.approx(1)


def test_without_labels_nothing_is_remembered() -> None:
    assert LabelMemory(()).after((), 0.0, np.zeros(0)) == ()


def test_labels_of_no_known_posture_are_remembered_too() -> None:
    memory = LabelMemory(("ironing", "mopping"))
    first = memory.after((), 0.0, np.array([0.9, 0.1]))
    assert memory.shares(first).argmax() == 0


@pytest.mark.parametrize("passed_s", [0.0, 0.1, 5.0, 60.0, 7_200.0])
def test_postures_become_others_as_a_chain_in_continuous_time(passed_s: float) -> None:
    rates = 1 / np.array(label_memory.CHANGE_S)
    expected = expm(passed_s * (rates - np.diag(rates.sum(axis=1))))
    becomes = label_memory._postures(passed_s)
    np.testing.assert_allclose(becomes, expected, atol=1e-14)
    assert (becomes >= 0).all()


def test_postures_are_real_where_eigenvalues_come_as_complex_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected, eig = label_memory._postures(5.0), np.linalg.eig
    monkeypatch.setattr(
        np.linalg, "eig", lambda matrix: [each.astype(complex) for each in eig(matrix)]
    )
    becomes = label_memory._postures(5.0)
    assert becomes.dtype == np.float64
    assert becomes.tolist() == expected.tolist()


def test_what_is_remembered_of_glasses_is_said_more_surely_and_up_to_a_limit() -> None:
    remembered = memory_after(*[shares(sitting=0.5, standing=0.3)] * 12, position="glasses")
    at_glasses, plain = MEMORY.shares(remembered, "glasses"), MEMORY.shares(remembered)
    assert np.argsort(at_glasses).tolist() == np.argsort(plain).tolist()
    assert at_glasses.max() > plain.max()
    limits = [LabelMemory(NAMES, sure, {}).shares(remembered).tolist() for sure in (1e6, 1e9)]
    assert limits[0] == limits[1]
