import numpy as np
import pytest
import torch

from models.egolog.imu_encoder import ImuEncoder
from models.research.egolog import imu_encoder
from models.research.lib.fit import Fit
from tests.models.research.egolog import made


def test_a_few_steps_tell_motion_classes_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imu_encoder, "BATCH", 32)
    monkeypatch.setattr("models.research.lib.fit.WARM_UP_STEPS", 5)
    torch.manual_seed(0)
    real, check = made.motion(64), made.motion(32, seed=1)
    before = imu_encoder.motion_f1(ImuEncoder().eval(), check)
    encoder = imu_encoder.train(real, check, None, Fit(minutes=1, steps=40, checks=1, rate=2e-3), 0)
    assert imu_encoder.motion_f1(encoder, check) > max(0.6, before + 0.2)
    said, true = imu_encoder.motion_classes(encoder, check)
    assert said.shape == true.shape == (32,)


def test_composed_days_alone_train_too() -> None:
    encoder = imu_encoder.train(None, None, made.days(4, 10), Fit(minutes=1, steps=3, checks=1), 0)
    assert not encoder.training
    assert torch.isfinite(encoder(torch.randn(1, 100, 6)).features).all()


def test_rare_classes_are_drawn_more_often_than_they_occur() -> None:
    motion = made.motion(64)
    keep = np.flatnonzero((motion.motion == 0) | (np.arange(64) < 8))
    kept = type(motion)(motion.imu[keep], motion.motion[keep], motion.activity[keep])
    windows = imu_encoder.ImuWindows.of(kept)
    assert windows.weight.sum() == pytest.approx(1)
    often, rare = (windows.weight[kept.motion == m].sum() for m in (0, 1))
    counts = np.bincount(kept.motion)
    assert rare / often > 1.5 * counts[1] / counts[0]


def test_a_faster_person_turns_as_far_in_less_time() -> None:
    still = torch.zeros(1, 300, 6)
    still[..., 2], still[..., 5] = 9.81, 1.0
    rng = np.random.default_rng(0)
    sizes = [float(imu_encoder._varied(still, rng)[..., 3:].norm(dim=-1).mean()) for _ in range(40)]
    assert min(sizes) < 0.93
    assert max(sizes) > 1.07
    assert 0.7 < min(sizes) <= max(sizes) < 1.4


def test_a_hidden_stretch_is_held_and_marked() -> None:
    motion = torch.randn(32, 100, 6)
    hidden, mask = imu_encoder._hidden(motion, np.random.default_rng(0))
    assert torch.equal(hidden[~mask], motion[~mask])
    assert 0.2 < mask.any(dim=1).float().mean() < 0.8
    for item in torch.nonzero(mask.any(dim=1)).flatten():
        held = hidden[item][mask[item]]
        assert len(held) == 15
        assert torch.equal(held, held[:1].expand_as(held))
