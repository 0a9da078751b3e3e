from __future__ import annotations

import numpy as np
import pytest

from operators.window_picture import BANDS, picture_of
from tests.operators.featured_window import window


def test_what_is_louder_is_brighter_at_its_time_and_band() -> None:
    mel = np.zeros((1_500, 64), np.float16)
    mel[500:1_000, 20:22] = 8.0
    picture = picture_of(window(mel=mel))
    assert picture.sound is not None
    assert picture.sound.shape == (300, BANDS)
    assert picture.motion is None
    assert (picture.sound[100:200, 10] == 255).all()
    picture.sound[100:200, 10] = 0
    assert not picture.sound.any()


def test_a_second_of_silence_is_a_dark_picture() -> None:
    picture = picture_of(window(mel=np.full((1_500, 64), 3.0, np.float16)))
    assert picture.sound is not None
    assert not picture.sound.any()


def test_the_trace_is_what_goes_beyond_gravity_and_how_fast_the_head_turns() -> None:
    imu = np.zeros((1_500, 6), np.float32)
    imu[:, 2] = 9.81
    imu[:750, 2] = 12.81
    imu[750:, 3:] = [0, 3, 4]
    imu[5] = np.nan
    picture = picture_of(window(imu=imu))
    assert picture.motion is not None
    assert picture.motion.shape == (300, 2)
    assert picture.motion[10].tolist() == pytest.approx([3.0, 0.0], abs=1e-5)
    assert picture.motion[200].tolist() == pytest.approx([0.0, 5.0], abs=1e-5)
    assert np.isfinite(picture.motion).all()
    assert picture.sound is None
