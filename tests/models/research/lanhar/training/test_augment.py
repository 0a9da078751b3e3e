import numpy as np
import pytest
import torch

from models.research.lanhar.training.augment import Augmentation, augment, rotations
from tests.models.research.lanhar.motion import steps

NONE = Augmentation(pace=0, gain=0, soft=0, noise=0)


def windows() -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(np.stack([steps(rng, 1.8, 2.0) for _ in range(8)]))


def of(how: Augmentation, seed: int = 0) -> torch.Tensor:
    return augment(windows(), how, torch.Generator().manual_seed(seed))


def test_nothing_asked_for_changes_nothing() -> None:
    torch.testing.assert_close(of(NONE), windows(), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    "how",
    [
        Augmentation(pace=0.2, gain=0, soft=0, noise=0),
        Augmentation(pace=0, gain=0.3, soft=0, noise=0),
        Augmentation(pace=0, gain=0, soft=1, noise=0),
        Augmentation(pace=0, gain=0, soft=0, noise=0.1),
        Augmentation(pace=0, gain=0, soft=0, noise=0, arm=0.2),
        Augmentation(pace=0, gain=0, soft=0, noise=0, rotate=True),
    ],
)
def test_each_change_changes_the_motion_and_keeps_its_shape(how: Augmentation) -> None:
    found = of(how)
    assert found.shape == windows().shape
    assert torch.isfinite(found).all()
    assert (found - windows()).abs().max() > 0.01


def test_one_seed_gives_one_result() -> None:
    assert torch.equal(of(Augmentation(), 3), of(Augmentation(), 3))
    assert not torch.equal(of(Augmentation(), 3), of(Augmentation(), 4))


def test_gravity_keeps_its_strength_when_the_motion_is_scaled() -> None:
    found = of(Augmentation(pace=0, gain=0.5, soft=0, noise=0))
    torch.testing.assert_close(
        found[..., :3].mean(dim=1), windows()[..., :3].mean(dim=1), atol=1e-3, rtol=1e-3
    )


def test_a_rotation_keeps_lengths() -> None:
    turn = rotations(5, torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        turn @ turn.transpose(1, 2), torch.eye(3).expand(5, 3, 3), atol=1e-5, rtol=1e-5
    )
