"""Trains `models.egolog.localization` on sounds around really moving heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch import Tensor

from models.egolog.localization import Localization, LocalizationConfig
from models.egolog.movement_compensation import candidate_azimuths
from models.network.low_precision import low_precision
from models.research.egolog.augment import MIRRORED_REGIONS, mirrored_maps, remount, rotate
from models.research.egolog.localization.listeners import MAPS, RINGS, WEIGHTS
from models.research.egolog.localization.seconds import Ring, Surroundings, spatial_seconds
from models.research.lib.fit import Fit, FitResult, fit
from models.research.lib.process_pool import process_pool
from models.serving.one_thread import pin_one_thread
from models.simulation.acoustics.microphone_arrays import GEOMETRY_M, Device
from models.simulation.acoustics.rooms import SPEED_OF_SOUND
from models.simulation.acoustics.sounds import FS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.random import Generator
    from numpy.typing import NDArray

    from models.recordings.splits import Split
    from models.research.egolog.localization.spatial_seconds import SpatialSeconds

Trained = Literal["mono", "glasses", "headphones"]
"""What is trained here; `two_ears` trains the network that listens with two ears."""

BATCH = 64
WITHOUT_IMU = 0.3
# Two microphones are never quite alike: 1 dB is 0.23 nats of power.
IMBALANCE_NATS = 0.15
COLOUR_NATS = 0.4
UNLIKE_NATS = 0.06
HEAT_WEIGHT = 6.0
HEAT_WIDTH = float(np.deg2rad(7))
CLIPS_A_SEED = 500
VALIDATION_CLIPS: dict[Trained, int] = {"mono": 1200, "glasses": 200, "headphones": 200}


class Seconds:
    """Single seconds ready for the network, whatever it listens with."""

    def __init__(self, parts: list[SpatialSeconds], maps: int, device: str = "cpu") -> None:
        self.maps = np.concatenate([_planes(part.maps, maps) for part in parts])
        self.imu = np.concatenate([part.imu for part in parts])
        self.regions = np.concatenate([part.regions for part in parts])
        self.soft_regions = np.concatenate([part.soft_regions for part in parts])
        self.heat = np.concatenate([heat_of(part.azimuth, part.nearness) for part in parts])
        self.alone = self.regions.sum(axis=1) == 1
        columns = (self.maps, self.imu, self.soft_regions, self.heat)
        self._tensors = [torch.from_numpy(column).to(device) for column in columns]

    def __len__(self) -> int:
        return len(self.regions)

    def batch(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return maps (B, M, T, 64), imu (B, T, 6), regions (B, 8) and heat (B, 2, 72).

        They lie on the device; regions and heat are soft about the border of near and far.
        """
        at = torch.from_numpy(rows).to(self._tensors[0].device)
        maps, imu, regions, heat = (column[at] for column in self._tensors)
        return maps.float(), imu, regions, heat


def _planes(maps: NDArray[np.float16], count: int) -> NDArray[np.float16]:
    """Return the planes that a listener has; one microphone is either ear, in turns."""
    if count > 1:
        return maps
    rows = np.arange(len(maps))
    return maps[rows, rows % 2][:, None]


def heat_of(azimuth: NDArray[np.float32], nearness: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how close each direction is to a source: (N, 3) each -> (N, 2, 72) in [0, 1].

    `nearness` is how near each source is, 0 to 1; near sources come first.
    """
    apart = np.angle(np.exp(1j * (azimuth[..., None] - candidate_azimuths().numpy())))
    height = np.nan_to_num(np.exp(-0.5 * (apart / HEAT_WIDTH) ** 2))  # (N, 3, 72)
    planes = [(height * at[..., None]).max(axis=1) for at in (nearness, 1 - nearness)]
    return np.stack(planes, axis=1).astype(np.float32)


def loss_of(network: Localization, seconds: Seconds, rng: Generator, batch: int = BATCH) -> Tensor:
    """Draw a batch, change what keeps its labels, and return its loss."""
    maps, imu, regions, heat = seconds.batch(rng.integers(0, len(seconds), batch))
    half = batch // 2
    flip = torch.diag(torch.tensor([1.0, -1.0, 1.0], device=imu.device)).expand(half, 3, 3)
    maps = torch.cat([mirrored_maps(maps[:half]), maps[half:]])
    imu = torch.cat([rotate(imu[:half], flip), imu[half:]])
    regions = torch.cat([regions[:half][:, MIRRORED_REGIONS], regions[half:]])
    # The candidates lie symmetrically about straight ahead.
    heat = torch.cat([heat[:half].flip(2), heat[half:]])
    imu = remount(imu, rng).transpose(1, 2)
    microphones = {1: 1, 10: 4}[maps.shape[1]]
    maps = torch.cat([vary_microphones(maps[:, :microphones], rng), maps[:, microphones:]], dim=1)
    has_imu = torch.from_numpy(rng.random(batch) >= WITHOUT_IMU).to(imu.device)
    with low_precision():
        located = network(maps, imu, has_imu)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(located.regions.float(), regions)
    if located.heat is not None:
        loss = loss + HEAT_WEIGHT * torch.nn.functional.binary_cross_entropy_with_logits(
            located.heat.float(), heat
        )
    return loss


def vary_microphones(mel: Tensor, rng: Generator) -> Tensor:
    """Other microphones: log-mels (B, M, T, 64) with a common and a slight own response."""
    batch, microphones, _, bins = mel.shape
    octave = np.linspace(0, np.pi, bins)
    shapes = np.stack([np.cos(k * octave) for k in range(1, 6)])  # (5, 64)
    common = rng.normal(0, COLOUR_NATS, (batch, 1, 5)) @ shapes
    own = rng.normal(0, UNLIKE_NATS, (batch, microphones, 5)) @ shapes
    level = rng.normal(0, 1.0, (batch, 1, 1)) + rng.normal(
        0, IMBALANCE_NATS, (batch, microphones, 1)
    )
    change = torch.from_numpy((common + own + level).astype(np.float32))[:, :, None].to(mel.device)
    # Silence stays silence: a hole has no level to change.
    return torch.where(mel > 0, (mel + change).clamp(min=0.0), mel)


def logits_of(
    network: Localization,
    seconds: Seconds,
    imu: bool = True,
    rows: NDArray[np.int64] | None = None,
) -> Tensor:
    """Return uncalibrated logits (N, 8), of all seconds or of `rows`, on the seconds' device."""
    chosen = np.arange(len(seconds)) if rows is None else rows
    out = []
    with torch.inference_mode():
        for start in range(0, len(chosen), 128):
            maps, motion, _, _ = seconds.batch(chosen[start : start + 128])
            out.append(network(maps, motion.transpose(1, 2) if imu else None).regions)
    return torch.cat(out)


def predict(network: Localization, seconds: Seconds, imu: bool = True) -> NDArray[np.float32]:
    """Return calibrated probabilities (N, 8)."""
    with torch.inference_mode():
        calibrated = network.calibrate(logits_of(network, seconds, imu))
    out: NDArray[np.float32] = calibrated.cpu().numpy()
    return out


def direction_and_distance(
    probability: NDArray[np.float32], regions: NDArray[np.float32]
) -> tuple[float, float]:
    """Return the accuracies (of 4 and of 2) on seconds (N, 8) of exactly one source."""
    by_direction = probability.reshape(-1, 4, 2)
    true = regions.argmax(axis=1)
    direction = by_direction.sum(axis=2).argmax(axis=1) == true // 2
    distance = by_direction.sum(axis=1).argmax(axis=1) == true % 2
    return float(direction.mean()), float(distance.mean())


def calibrate(network: Localization, seconds: Seconds) -> None:
    """Fit scale and offset of near and far logits on seconds that were not trained on (Platt)."""
    logits = torch.cat([logits_of(network, seconds, imu) for imu in (True, False)]).cpu().clone()
    truth = torch.from_numpy(seconds.regions).repeat(2, 1)
    scale, offset = (torch.full((2,), value, requires_grad=True) for value in (1.0, 0.0))
    optimiser = torch.optim.LBFGS([scale, offset], max_iter=50, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        each = (logits.reshape(len(logits), -1, 2) * scale + offset).flatten(1)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(each, truth)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    network.temper.copy_(scale.detach())
    network.offset.copy_(offset.detach())


def with_array_steering(network: Localization, listener: Trained) -> Localization:
    """Start an array's steering from its geometry; one microphone has none."""
    if listener != "mono" and network.directions is not None:
        device: Device = listener
        azimuth = candidate_azimuths().numpy()
        ahead = np.stack([np.cos(azimuth), np.sin(azimuth), 0 * azimuth], axis=1)
        path = -ahead @ GEOMETRY_M[device].T / SPEED_OF_SOUND * FS * 2  # (72, 4) half samples
        pairs = [path[:, i] - path[:, j] for i in range(4) for j in range(i + 1, 4)]
        network.directions.steering.aim(torch.tensor(np.stack(pairs, axis=1), dtype=torch.float32))
    return network


@dataclass(frozen=True)
class Means:
    """What training may use: `clips` of 2 s, rendered by `jobs` processes; torch's `device`."""

    clips: int = 16 * CLIPS_A_SEED
    jobs: int = 1
    device: str = "cpu"
    batch: int = BATCH


def train(
    data: Path,
    cache: Path,
    settings: Fit,
    seed: int,
    listener: Trained,
    means: Means = Means(),
    start: Localization | None = None,
) -> Localization:
    """Return a network trained on drawn clips, further from `start` if given.

    `data` is laid out like the shared recordings; `cache` keeps the rendered seconds.
    """
    torch.manual_seed(seed)
    maps, ring = MAPS[listener], RINGS[listener]
    kept = VALIDATION_CLIPS[listener]
    if means.jobs > 1:
        _render(data, cache, ring, [("validation", 0, kept), *_parts(means.clips)], means.jobs)
    around = Surroundings.read(data, "train", ring)
    parts = [
        spatial_seconds(around, number, clips, cache) for _, number, clips in _parts(means.clips)
    ]
    validation = spatial_seconds(Surroundings.read(data, "validation", ring), 0, kept, cache)
    train_on = Seconds(parts, maps, means.device)
    validate_on = Seconds([validation], maps, means.device)
    network = start.requires_grad_(True) if start is not None else None
    network = network or with_array_steering(Localization(LocalizationConfig(maps=maps)), listener)
    network.to(means.device)

    alone = np.flatnonzero(validate_on.alone)

    def score() -> float:
        probability = torch.sigmoid(logits_of(network, validate_on, rows=alone)).cpu().numpy()
        return sum(direction_and_distance(probability, validate_on.regions[alone])) / 2

    fitted: FitResult = fit(
        WEIGHTS[listener].name,
        network,
        lambda rng: loss_of(network, train_on, rng, means.batch),
        score,
        settings,
        seed,
    )
    calibrate(network, validate_on)
    print(f"{WEIGHTS[listener].name}: validation, direction and distance {fitted.score:.3f}")
    return network.cpu()


def _parts(clips: int) -> list[tuple[Split, int, int]]:
    starts = enumerate(range(0, clips, CLIPS_A_SEED))
    return [("train", number, min(CLIPS_A_SEED, clips - first)) for number, first in starts]


def _render(
    data: Path, cache: Path, ring: Ring, parts: list[tuple[Split, int, int]], jobs: int
) -> None:
    """Render parts of several splits side by side into the cache."""
    with process_pool(jobs, pin_one_thread) as pool:
        for done in [pool.submit(_render_part, data, cache, ring, *part) for part in parts]:
            done.result()


def _render_part(data: Path, cache: Path, ring: Ring, split: Split, seed: int, clips: int) -> None:
    spatial_seconds(Surroundings.read(data, split, ring), seed, clips, cache)
