import numpy as np
import torch

from models.egolog.motion_channels import motion_channels
from models.features import Features
from models.research.egolog import augment
from schemas.evidence import REGIONS


def test_mirrored_maps_are_those_of_swapped_ears() -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, (2, 16_000)).astype(np.float32)
    sound[1] = np.roll(sound[0], 4)
    there = np.ones(16_000, dtype=bool)
    features = Features()
    plain, swapped = (
        torch.from_numpy(features.audio(s, 16_000, there)["maps"].astype(np.float32))[None]
        for s in (sound, np.ascontiguousarray(sound[::-1]))
    )
    maps = augment.mirrored_maps(plain)
    torch.testing.assert_close(maps[..., 1:], swapped[..., 1:], atol=2e-3, rtol=1e-3)


def test_a_mirrored_region_changes_its_side_alone() -> None:
    regions = torch.eye(8)[:, augment.MIRRORED_REGIONS]
    for region, hot in zip(REGIONS, regions, strict=True):
        swapped = {"left": "right", "right": "left"}
        direction, distance = region.split("-")
        assert REGIONS[int(hot.argmax())] == f"{swapped.get(direction, direction)}-{distance}"


def test_a_reflection_turns_the_other_way() -> None:
    imu = torch.zeros(1, 50, 6)
    imu[..., 2], imu[..., 5] = 9.8, 1.0
    flipped = augment.rotate(imu, torch.diag(torch.tensor([1.0, -1.0, 1.0]))[None])
    assert (flipped[..., 2] == 9.8).all()
    assert (flipped[..., 5] == -1.0).all()


def test_another_mounting_changes_axes_but_neither_size_nor_the_turn_about_gravity() -> None:
    rng = np.random.default_rng(0)
    imu = torch.from_numpy(rng.normal(0, 1, (3, 100, 6)).astype(np.float32))
    imu[..., 2] += 9.81
    other = augment.remount(imu, rng)
    assert not torch.allclose(other, imu, atol=0.1)
    torch.testing.assert_close(other[..., :3].norm(dim=-1), imu[..., :3].norm(dim=-1))
    torch.testing.assert_close(
        motion_channels(other)[..., 6:], motion_channels(imu)[..., 6:], atol=1e-4, rtol=1e-4
    )


def test_silence_stays_silence_when_levels_change() -> None:
    mel = torch.full((4, 10, 64), 8.0)
    mel[:, 5:] = 0
    changed = augment.vary_microphone(mel, np.random.default_rng(0))
    assert not changed[:, 5:].any()
    assert changed[:, :5].std(dim=0).mean() > 0.3
