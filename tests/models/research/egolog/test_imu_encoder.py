import numpy as np
import pytest
import torch

from models.egolog.imu_encoder import ImuEncoder
from models.labels import ACTIVITIES, MOTIONS
from models.recordings.datasets.real_motion import MotionWindows
from models.research.egolog import imu_encoder
from models.research.lib.fit import Fit
from models.research.lib.metrics import macro_f1
from tests.models.research.egolog import synthetic


@pytest.mark.training
def test_a_few_steps_tell_motion_classes_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imu_encoder, "BATCH", 32)
    monkeypatch.setattr("models.research.lib.fit.WARM_UP_STEPS", 5)
    torch.manual_seed(0)
    real, check = synthetic.motion(64), synthetic.motion(32, seed=1)
    before = macro_f1(*imu_encoder.motion_classes(ImuEncoder().eval(), check))
    encoder = imu_encoder.train(
        real, check, None, Fit(minutes=10, steps=40, checks=1, rate=2e-3), 0
    )
    predicted, true = imu_encoder.motion_classes(encoder, check)
    assert predicted.shape == true.shape == (32,)
    assert macro_f1(predicted, true) > max(0.6, before + 0.2)


def test_composed_days_alone_train_too() -> None:
    encoder = imu_encoder.train(
        None, None, synthetic.days(4, 10), Fit(minutes=1, steps=3, checks=1), 0
    )
    assert not encoder.training
    assert torch.isfinite(encoder(torch.randn(1, 100, 6)).features).all()


def windows_of(imu: torch.Tensor, slack: int, motion: int = 0) -> MotionWindows:
    count = len(imu)
    numbers = np.full(count, motion)
    return MotionWindows(
        imu.numpy(), numbers, numbers, np.full(count, slack), np.array(["x"] * count)
    )


def test_rare_classes_are_drawn_more_often_than_they_occur() -> None:
    motion = synthetic.motion(64)
    keep = np.flatnonzero((motion.motion == 0) | (np.arange(64) < 8))
    kept = MotionWindows(**{name: values[keep] for name, values in vars(motion).items()})
    windows = imu_encoder.ImuWindows.of(kept)
    assert windows.weight.sum() == pytest.approx(1)
    often, rare = (windows.weight[kept.motion == m].sum() for m in (0, 1))
    counts = np.bincount(kept.motion)
    assert rare / often > 1.5 * counts[1] / counts[0]


def test_data_sets_are_drawn_alike_however_large_they_are() -> None:
    motion = synthetic.motion(64)
    few = np.flatnonzero((motion.source == "glasses") | (np.arange(64) < 8))
    kept = MotionWindows(**{name: values[few] for name, values in vars(motion).items()})
    windows = imu_encoder.ImuWindows.of(kept)
    assert windows.weight[kept.source == "watch"].sum() == pytest.approx(0.5)


def test_a_windows_middle_stays_within_what_its_label_holds_for() -> None:
    counted = torch.arange(300.0)[None, :, None].expand(64, 300, 6).contiguous()
    rng = np.random.default_rng(0)
    cut = imu_encoder._cut(windows_of(counted, 30), np.arange(64), 100, rng)
    middles = cut[:, 50, 0]
    assert 120 <= middles.min() < 135
    assert 165 < middles.max() <= 180
    wide = imu_encoder._cut(windows_of(counted, 150), np.arange(64), 100, rng)
    assert wide.min() < 20
    assert wide.max() > 280


def test_standing_up_played_backwards_is_sitting_down() -> None:
    imu = torch.randn(200, 100, 6)
    up, down = MOTIONS.index("standing up"), MOTIONS.index("sitting down")
    motion = np.array([up, 0] * 100)
    activity = np.array([ACTIVITIES.index("standing up"), ACTIVITIES.index("walking")] * 100)
    played, motions, activities = imu_encoder._backwards(
        imu, motion, activity, np.random.default_rng(0)
    )
    assert (motions[1::2] == 0).all()
    turned = motions == down
    assert 10 < turned.sum() < 60
    assert (activities[turned] == ACTIVITIES.index("sitting down")).all()
    assert torch.equal(played[~turned], imu[~turned])
    assert torch.equal(played[turned][..., :3], imu[turned].flip(1)[..., :3])
    assert torch.equal(played[turned][..., 3:], -imu[turned].flip(1)[..., 3:])


def test_another_pace_keeps_the_middle_in_the_middle() -> None:
    struck = torch.zeros(1, 100, 6)
    struck[..., 2] = 9.81
    struck[:, 50, 2] = 60.0
    rng = np.random.default_rng(0)
    middles = [
        int(imu_encoder._augment(struck, rng)[0, :, :3].norm(dim=1).argmax()) for _ in range(30)
    ]
    assert 47 <= min(middles) <= max(middles) <= 53


def test_keeping_still_counts_as_a_class_where_no_other_is_likelier_than_not() -> None:
    encoder = ImuEncoder().eval()
    torch.nn.init.zeros_(encoder.motions.weight)
    torch.nn.init.constant_(encoder.motions.bias, -1.0)
    still = windows_of(torch.randn(8, 300, 6), 150, motion=-1)
    assert imu_encoder.class_f1(encoder, still) == {"x": 1.0}
    torch.nn.init.constant_(encoder.motions.bias, 1.0)
    assert imu_encoder.class_f1(encoder, still) == {"x": 0.0}


def test_training_on_leaves_the_encoder_that_it_began_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imu_encoder, "BATCH", 8)
    real, begin = synthetic.motion(16), ImuEncoder().eval()
    before = {name: value.clone() for name, value in begin.state_dict().items()}
    fit = Fit(minutes=1, steps=2, checks=1)
    encoder = imu_encoder.train(real, real, None, fit, 0, begin=begin)
    assert all(torch.equal(value, before[name]) for name, value in begin.state_dict().items())
    assert not torch.equal(encoder.mix.weight, begin.mix.weight)


def test_a_faster_person_turns_as_far_in_less_time() -> None:
    still = torch.zeros(1, 300, 6)
    still[..., 2], still[..., 5] = 9.81, 1.0
    rng = np.random.default_rng(0)
    sizes = [
        float(imu_encoder._augment(still, rng)[..., 3:].norm(dim=-1).mean()) for _ in range(40)
    ]
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
