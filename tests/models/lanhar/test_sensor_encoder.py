import numpy as np
import torch

from models.lanhar.sensor_encoder import (
    FEATURES,
    Inputs,
    SensorEncoder,
    SensorEncoderConfig,
    measures_of,
)
from models.research.lanhar.training.augment import rotations
from tests.models.research.lanhar.motion import steps


def windows(count: int = 3) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(np.stack([steps(rng, 1.8, 2.0) for _ in range(count)]))


def make_encoder(config: SensorEncoderConfig | None = None) -> SensorEncoder:
    torch.manual_seed(0)
    return SensorEncoder(config or SensorEncoderConfig()).eval()


def test_motion_becomes_unit_vectors() -> None:
    found = make_encoder()(windows())
    assert found.shape == (3, FEATURES)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(3))


def test_a_turned_sensor_gives_the_same_vector() -> None:
    imu = windows()
    turn = rotations(3, torch.Generator().manual_seed(1))
    turned = torch.cat([imu[..., :3] @ turn, imu[..., 3:] @ turn], dim=2)
    torch.testing.assert_close(make_encoder()(imu), make_encoder()(turned), atol=5e-3, rtol=5e-3)


def test_raw_axes_see_how_the_sensor_is_turned() -> None:
    imu = windows()
    encoder = make_encoder(SensorEncoderConfig(gait=False, invariant=False))
    assert (encoder(imu) - encoder(imu[..., [1, 2, 0, 4, 5, 3]])).abs().max() > 0.01


def test_shorter_and_longer_windows_are_taken_as_they_are() -> None:
    imu = torch.cat([windows(), windows()], dim=1)
    for rows in (60, 100, 200):
        assert torch.isfinite(make_encoder()(imu[:, :rows])).all()


def test_one_window_gives_what_it_gives_among_others() -> None:
    imu = windows()
    torch.testing.assert_close(
        make_encoder()(imu)[:1], make_encoder()(imu[:1]), atol=1e-5, rtol=1e-4
    )


def test_a_known_posture_changes_the_vector() -> None:
    imu = windows()
    assert (
        make_encoder()(imu) - make_encoder()(imu, torch.tensor([[0.0, 1.0]] * 3))
    ).abs().max() > 1e-4


def test_standardising_within_groups_keeps_what_tells_them_apart() -> None:
    encoder = make_encoder()
    values = measures_of(torch.cat([windows(10), 3 * windows(10)]))
    encoder.standardise(values, torch.tensor([0] * 10 + [1] * 10))
    within = encoder.spread.clone()
    encoder.standardise(values)
    assert within.mean() < encoder.spread.mean()


def test_a_group_of_one_reading_spoils_no_spread() -> None:
    encoder = make_encoder()
    encoder.standardise(measures_of(windows(12)), torch.tensor([0] * 11 + [1]))
    assert torch.isfinite(encoder.spread).all()
    encoder.standardise(measures_of(windows(3)), torch.tensor([0, 1, -1]))
    assert torch.isfinite(encoder.spread).all()


def test_inputs_can_be_chosen_and_joined() -> None:
    inputs = make_encoder().inputs(windows())
    both = Inputs.together([inputs[torch.tensor([0])], inputs[torch.tensor([1, 2])]])
    assert len(both) == 3
    assert torch.equal(both.values, inputs.values)


def test_the_encoder_is_small() -> None:
    weights = sum(parameter.numel() for parameter in make_encoder().parameters())
    assert 4 * weights < 4_000_000


def test_without_a_posture_branch_there_are_no_weights_of_it() -> None:
    plain = make_encoder().state_dict()
    other = make_encoder(SensorEncoderConfig(posture=True)).state_dict()
    assert {name for name in other if name not in plain} == {
        name for name in other if name.startswith("posture.")
    }
    assert all(torch.equal(plain[name], other[name]) for name in plain)


def test_a_posture_speaks_in_the_place_of_gait() -> None:
    encoder = make_encoder(SensorEncoderConfig(posture=True, sequence=False))
    inputs = encoder.inputs(windows())
    held = encoder.by_posture(torch.randn((3, 3)))
    torch.testing.assert_close(encoder.embed(inputs, held), held)
    torch.testing.assert_close(encoder.embed(inputs), encoder.by_gait(inputs.values))
