from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models.egolog.microphone_balance import (
    LIMIT_DB,
    MicrophoneBalance,
    balanced_in_turn,
    level_difference,
)
from models.features import Features

FS = 16_000
Maps = NDArray[np.float16]


def unbalanced_second(left_db: float, lag: int = 0, seed: int = 0, noise: float = 1e-4) -> Maps:
    """Return a second of a sound that the left microphone hears louder, `lag` samples later."""
    rng = np.random.default_rng(seed)
    sound = rng.normal(0, 0.03, FS)
    both = np.stack([np.roll(sound, lag) * 10 ** (left_db / 20), sound])
    waves = (both + rng.normal(0, noise, both.shape)).astype(np.float32)
    maps: Maps = Features().audio(waves, FS, np.ones(FS, bool))["maps"]
    return maps


def balance_after(*seconds: Maps) -> MicrophoneBalance:
    balance = MicrophoneBalance()
    for maps in seconds:
        balance = balance.after(maps)
    return balance


def test_a_second_from_ahead_says_how_much_louder_a_microphone_is() -> None:
    weight, difference = level_difference(unbalanced_second(1.8))
    assert weight == pytest.approx(1)
    assert difference == pytest.approx(1.8, abs=0.05)


def test_a_source_beside_the_head_says_nothing() -> None:
    weight, _ = level_difference(unbalanced_second(6, lag=-10))
    assert weight < 1e-3
    near = [unbalanced_second(6, lag=-10, seed=seed) for seed in range(30)]
    assert balance_after(*near).step_db == 0


def test_silence_and_noise_of_two_microphones_say_nothing() -> None:
    assert level_difference(np.zeros((3, 50, 64), np.float16)) == (0, 0)
    rng = np.random.default_rng(0)
    apart = rng.normal(0, 0.03, (2, FS)).astype(np.float32) * [[2], [1]]
    maps = Features().audio(apart.astype(np.float32), FS, np.ones(FS, bool))["maps"]
    assert level_difference(maps) == (0, 0)


def test_the_difference_is_believed_after_a_few_seconds() -> None:
    seconds = [unbalanced_second(1.8, seed=seed) for seed in range(30)]
    after = [balance_after(*seconds[:count]).db for count in (1, 3, 30)]
    assert after == pytest.approx([1.8 / 4, 1.8 / 2, 1.8 * 30 / 33], abs=0.05)


def test_microphones_do_not_differ_without_a_limit() -> None:
    assert balance_after(*[unbalanced_second(12)] * 60).db == LIMIT_DB


def test_a_single_second_pulls_only_so_far() -> None:
    alike = [unbalanced_second(0, seed=seed) for seed in range(20)]
    assert balance_after(*alike, unbalanced_second(12)).db == pytest.approx(4 / 24, abs=0.03)


def test_a_device_that_is_put_on_anew_is_learned_anew() -> None:
    first, second = unbalanced_second(1.5), unbalanced_second(-1.5)
    assert balance_after(*[first] * 400, *[second] * 900).db == pytest.approx(-1.5, abs=0.2)


@pytest.mark.parametrize("db", [-2.0, 1.5])
def test_what_is_balanced_is_heard_by_microphones_that_are_alike(db: float) -> None:
    balanced = MicrophoneBalance(300, db).correct(unbalanced_second(db))
    assert balanced.dtype == np.float16
    assert level_difference(balanced)[1] == pytest.approx(0, abs=0.05)
    alike = unbalanced_second(0)
    assert np.array_equal(balanced[2], unbalanced_second(db)[2])
    assert np.abs(balanced[:2].astype(float).mean(axis=0) - alike[:2].mean(axis=0)).mean() < 0.3


def test_silence_and_other_microphones_stay_as_they_are() -> None:
    balance = MicrophoneBalance(300, 2.0)
    silence = np.zeros((3, 50, 64), np.float16)
    assert np.array_equal(balance.correct(silence), silence)
    for planes in (1, 10):
        maps = np.ones((planes, 50, 64), np.float16)
        assert balance.correct(maps) is maps
        assert balance.after(maps) == balance


@pytest.mark.parametrize("db", [-4.0, -0.25, 1.5])
def test_every_float16_is_balanced_as_by_arithmetic(db: float) -> None:
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16).reshape(-1, 64)
    finite = np.where(np.isfinite(every), every, np.float16(0))
    balance = MicrophoneBalance(seconds=9.0, db=db)
    # Those of a log-mel, from 0 to 32, are looked up.
    log_mels = finite[: np.float16(32).view(np.uint16) // finite.shape[1]]
    for values in (log_mels, finite):
        maps = np.stack([values] * 3)
        with np.errstate(over="ignore"):
            by_arithmetic = balance.correct(maps.astype(np.float32)).astype(np.float16)
        np.testing.assert_array_equal(balance.correct(maps), by_arithmetic)


def test_less_than_is_heard_changes_nothing() -> None:
    maps = unbalanced_second(0.1)
    assert MicrophoneBalance(300, 0.1).correct(maps) is maps


def test_a_session_hears_each_second_by_those_up_to_it() -> None:
    seconds = np.stack([unbalanced_second(1.8, seed=seed) for seed in range(6)])
    in_turn = balanced_in_turn(seconds)
    for at in range(6):
        expected = balance_after(*seconds[: at + 1]).correct(seconds[at])
        assert np.array_equal(in_turn[at], expected)
    assert not np.array_equal(in_turn[5], seconds[5])


def test_the_state_is_two_numbers_that_make_it_again() -> None:
    balance = balance_after(unbalanced_second(1.8), unbalanced_second(0.4, seed=1))
    assert MicrophoneBalance.of(balance.values()) == balance
    assert MicrophoneBalance.of(()) == MicrophoneBalance()
