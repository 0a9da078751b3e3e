"""Trains `models.localization` on sounds around moving heads."""

from __future__ import annotations

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from models.localization import Localization, LocalizationConfig
from models.training.augment import mirrored, remounted
from models.training.clips import Clips
from models.training.fit import Fit, Fitted, fit
from models.training.metrics import mean_average_precision
from models.training.sources import Sources

BATCH = 64
WITHOUT_IMU = 0.25
LEVEL_NATS = 1.5
# Two microphones are never quite alike: 1 dB is 0.23 nats of power.
IMBALANCE_NATS = 0.15
CLIPS = {"train": 3600, "validation": 400}


class Seconds:
    """Clips seen as single seconds: maps (N, 3, 50, 64), imu (N, 50, 6), regions (N, 8)."""

    def __init__(self, clips: Clips) -> None:
        self.maps = clips.maps.reshape(-1, *clips.maps.shape[2:])
        self.imu = clips.imu.reshape(-1, 50, 6)
        self.regions = clips.regions.reshape(-1, clips.regions.shape[-1])

    def __len__(self) -> int:
        return len(self.regions)

    def batch(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
        """Return maps, imu and regions of `rows` as float32."""
        return (
            torch.from_numpy(self.maps[rows].astype(np.float32)),
            torch.from_numpy(self.imu[rows]),
            torch.from_numpy(self.regions[rows]),
        )


def loss_of(network: Localization, seconds: Seconds, rng: Generator, batch: int = BATCH) -> Tensor:
    """Draw a batch and return its loss over the frames."""
    maps, imu, regions = seconds.batch(rng.integers(0, len(seconds), batch))
    half = batch // 2
    flipped = mirrored(maps[:half], imu[:half], regions[:half])
    maps, imu, regions = (
        torch.cat([a, b[half:]]) for a, b in zip(flipped, (maps, imu, regions), strict=True)
    )
    imu = remounted(imu, rng)
    level = rng.normal(0, LEVEL_NATS, (batch, 1, 1, 1)) + rng.normal(
        0, IMBALANCE_NATS, (batch, 2, 1, 1)
    )
    changed = (maps[:, :2] + torch.from_numpy(level.astype(np.float32))).clamp(min=0.0)
    maps = torch.cat([torch.where(maps[:, :2] > 0, changed, maps[:, :2]), maps[:, 2:]], dim=1)
    has_imu = torch.from_numpy(rng.random(batch) >= WITHOUT_IMU)
    planes = maps if network.config.maps == 3 else maps[:, :1]
    logits = network(planes, imu.transpose(1, 2), has_imu)  # (B, T/5, 8)
    return torch.nn.functional.binary_cross_entropy_with_logits(
        logits, regions[:, None].expand_as(logits)
    )


def predict(network: Localization, seconds: Seconds, imu: bool = True) -> NDArray[np.float32]:
    """Return probabilities (N, 8)."""
    out = []
    for start in range(0, len(seconds), 256):
        maps, motion, _ = seconds.batch(np.arange(start, min(start + 256, len(seconds))))
        planes = maps if network.config.maps == 3 else maps[:, :1]
        out.append(network.regions(planes, motion.transpose(1, 2) if imu else None))
    return torch.cat(out).numpy()


def train(
    sources: dict[str, Sources],
    settings: Fit,
    seed: int,
    maps: int = 3,
    start: Localization | None = None,
) -> Localization:
    """Return a trained network for `maps` planes (3, or 1 for one microphone).

    It is trained further from `start` if given.
    """
    torch.manual_seed(seed)
    if start is None:
        network = Localization(LocalizationConfig(maps=maps))
    else:
        network = start.requires_grad_(True)
    train_on, validate_on = (
        Seconds(sources[split].both("spatial", count)) for split, count in CLIPS.items()
    )
    fitted: Fitted = fit(
        f"localization, {maps} maps",
        network,
        lambda rng: loss_of(network, train_on, rng),
        lambda: mean_average_precision(predict(network, validate_on), validate_on.regions),
        settings,
        seed,
    )
    print(f"localization ({maps} maps): validation mAP {fitted.score:.3f}")
    return network
