import numpy as np
import pytest

from models.egolog.near_share import NearAndFar, NearShare

MEL = np.random.default_rng(0).uniform(2, 9, (100, 64)).astype(np.float16)


def near_share(steps: int) -> NearShare:
    return NearShare(np.full((50, 64), steps, np.uint8), steps / 255)


def power(mel: np.ndarray) -> np.ndarray:
    return np.expm1(mel.astype(np.float64))


def test_the_powers_of_near_and_far_part_are_the_whole() -> None:
    parts = NearAndFar.of(MEL, [near_share(51), near_share(255)])
    assert parts.near.shape == parts.far.shape == (100, 64)
    assert power(parts.near) + power(parts.far) == pytest.approx(power(MEL), rel=0.02)
    assert power(parts.near[:50]) == pytest.approx(0.2 * power(MEL[:50]), rel=0.02)
    assert (parts.far[50:] == 0).all()


def test_all_is_near_where_nothing_far_was_likely() -> None:
    parts = NearAndFar.of(MEL, [None, near_share(0)])
    assert (parts.near[:50] == MEL[:50]).all()
    assert (parts.far[:50] == 0).all()
    assert (parts.near[50:] == 0).all()
    assert parts.far[50:] == pytest.approx(MEL[50:], rel=0.002)
