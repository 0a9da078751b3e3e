import numpy as np
import torch

from models.labels import ACTIVITIES
from models.research.egolog.days.encoded import (
    EncodedDays,
    encode,
    encode_segments,
    window_activities,
)
from tests.models import fresh
from tests.models.research.egolog import synthetic

WALK, SIT, UP = (ACTIVITIES.index(name) for name in ("walking", "sitting", "standing up"))


def test_a_window_is_named_by_what_lasts_longest_or_by_a_change_of_posture() -> None:
    seconds = np.array(
        [
            [WALK, WALK, WALK, SIT, SIT, SIT, SIT, WALK, WALK, SIT],
            [SIT, SIT, SIT, UP, UP, UP, SIT, SIT, SIT, SIT],
        ],
        np.int8,
    )
    assert window_activities(seconds).tolist() == [[WALK, SIT], [UP, SIT]]


def test_segments_begin_at_every_second_and_equal_those_encoded_alone() -> None:
    encoders, days = fresh.encoders(), synthetic.days(3, 10)
    found = encode(encoders, days)
    assert found.audio.shape == (3, 9, 256)
    assert found.imu.shape == (3, 9, 128)
    assert found.audio_5s.shape == (3, 2, 256)
    assert found.imu_5s.shape == (3, 2, 128)
    assert found.scenarios.shape == (3, 10, 16)
    assert found.activity.tolist() == [[0, 0], [1, 1], [2, 2]]
    mel = torch.from_numpy(days.mel[2:, 200:300].astype(np.float32))
    with torch.inference_mode():
        alone = encoders.encode_audio(mel)
        window = encoders.imu_features(torch.from_numpy(days.imu[1:2, 250:]))
    torch.testing.assert_close(found.audio[2, 4:5], alone.features, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(found.plain().audio[2, 4:5], alone.plain, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(alone.features, alone.plain, atol=1e-2)
    torch.testing.assert_close(found.imu_5s[1, 1:], window, atol=1e-5, rtol=1e-4)


def test_another_microphone_and_mounting_change_the_features_alone() -> None:
    encoders, days = fresh.encoders(), synthetic.days(2, 10)
    plain, varied = encode(encoders, days), encode(encoders, days, np.random.default_rng(0))
    assert not torch.allclose(plain.audio, varied.audio, atol=1e-2)
    assert not torch.allclose(plain.imu, varied.imu, atol=1e-2)
    assert varied.audio.dtype == torch.float32
    assert torch.equal(plain.activity, varied.activity)


def test_joined_stretches_follow_one_another() -> None:
    one, two = synthetic.encoded(4, 30, seed=1), synthetic.encoded(3, 30, seed=2)
    both = EncodedDays.concatenate([one, two])
    assert len(both) == 7
    assert both.seconds == 30
    assert torch.equal(both.take(torch.arange(4, 7)).audio, two.audio)


def test_segments_alone_are_those_of_the_whole() -> None:
    encoders, days = fresh.encoders(), synthetic.days(2, 10)
    whole, alone = encode(encoders, days), encode_segments(encoders, [days])
    for name in ("audio", "imu", "scenarios"):
        torch.testing.assert_close(getattr(alone, name), getattr(whole, name), atol=1e-4, rtol=1e-4)
    assert alone.seconds == 10


def test_fast_segments_differ_by_half_precision_only() -> None:
    encoders, days = fresh.encoders(), synthetic.days(2, 10)
    whole, fast = (encode_segments(encoders, [days], fast=each) for each in (False, True))
    for name in ("audio", "imu"):
        found, true = getattr(fast, name), getattr(whole, name)
        assert found.dtype == torch.float32
        assert (found - true).abs().mean() < 0.02 * true.abs().mean()
