"""What localization reaches on users, clips, ears and rooms it never met (EgoLog §5.4).

Direction and distance are judged on seconds in which one source is heard; regions, multi-label, on
all. Without motion the same network is asked, which was trained with the motion missing as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.research.egolog.localization.listeners import MAPS, RINGS, WEIGHTS, Listener
from models.research.egolog.localization.seconds import SECONDS, Surroundings, spatial_seconds
from models.research.egolog.localization.training import Seconds, predict
from models.research.lib.column_dataset import ColumnDataset
from models.research.lib.metrics import confusion, micro_f1
from models.serving.one_thread import pin_one_thread
from schemas.evidence import DIRECTIONS, REGIONS

if TYPE_CHECKING:
    from pathlib import Path

    from models.egolog.localization import Localization
    from models.recordings.splits import Split, Splits
    from models.serving.registry import Registry

CLIPS = 800
ARRAY_CLIPS = 250
TURNS = ((0, 2), (2, 10), (10, 30), (30, 1000))
"""Bins of the head's mean speed of turning, °/s."""

Probability = NDArray[np.float32]
Figures = dict[str, Any]


@dataclass(frozen=True)
class SourceSeconds(ColumnDataset):
    """Seconds of one source: said and true direction (index of `DIRECTIONS`) and distance."""

    direction: NDArray[np.int64]
    true_direction: NDArray[np.int64]
    distance: NDArray[np.int64]
    true_distance: NDArray[np.int64]

    @classmethod
    def of(cls, probability: Probability, regions: NDArray[np.float32]) -> SourceSeconds:
        """Judge probabilities (N, 8) of seconds (N, 8) with one region each.

        A direction is as likely as near and far in it together, and the other way round.
        """
        probabilities, true = probability.reshape(-1, 4, 2), regions.argmax(axis=1)
        return cls(
            probabilities.sum(axis=2).argmax(axis=1),
            true // 2,
            probabilities.sum(axis=1).argmax(axis=1),
            true % 2,
        )

    def figures(self) -> Figures:
        """Return accuracies, front–back error and the confusion of directions."""
        counts = confusion(self.direction, self.true_direction, len(DIRECTIONS))
        return {
            "seconds": len(self.direction),
            "direction_accuracy": _share(self.direction == self.true_direction),
            "distance_accuracy": _share(self.distance == self.true_distance),
            "front_back_error": self.front_back_error(),
            "confusion": counts.tolist(),
        }

    def front_back_error(self) -> float | None:
        """Return how often what is ahead was said to be behind, or the other way round."""
        front, back = DIRECTIONS.index("front"), DIRECTIONS.index("back")
        either = np.isin(self.true_direction, (front, back))
        return _share(self.direction[either] == front + back - self.true_direction[either])


def measure(
    registry: Registry,
    data: Path,
    seed: int,
    cache: Path | None,
    *,
    split: Split | Splits | None = "test",
    arrays: bool = False,
    clips: int = CLIPS,
) -> Figures:
    """Return all figures for the recordings of `split` under `data`; None takes all of them.

    `Splits` names the part of each kind of recording apart. `data` is laid out like the shared
    recordings; `arrays` adds glasses and headphones of four microphones. Rooms and placements are
    drawn from `seed` and are never those of training.
    """
    pin_one_thread()
    figures: Figures = {"directions": list(DIRECTIONS), "regions": list(REGIONS)}
    figures |= _measure(registry, data, seed, cache, split, "binaural", clips)
    figures["mono"] = _measure(registry, data, seed, cache, split, "mono", clips)["with_motion"]
    if arrays:
        devices: tuple[Listener, ...] = ("glasses", "headphones")
        for device in devices:
            figures[device] = _measure(registry, data, seed, cache, split, device, ARRAY_CLIPS)
    return figures


def _measure(
    registry: Registry,
    data: Path,
    seed: int,
    cache: Path | None,
    split: Split | Splits | None,
    listener: Listener,
    clips: int,
) -> Figures:
    around = Surroundings.read(data, split, RINGS[listener])
    drawn = spatial_seconds(around, seed, clips, cache)
    seconds = Seconds([drawn], MAPS[listener])
    network = registry.load(WEIGHTS[listener]).module
    alone = seconds.alone
    figures: Figures = {}
    for name, imu in (("with_motion", True), ("without_motion", False)):
        probability = predict(network, seconds, imu)
        judged = SourceSeconds.of(probability[alone], seconds.regions[alone])
        figures[name] = judged.figures() | {
            "micro_f1": micro_f1(probability, seconds.regions),
            "all_seconds": len(seconds),
            "by_turn": _by_turn(judged, drawn.turn[alone]),
            "calibration": _calibration(probability, seconds.regions),
        }
        if imu:
            figures["by_length"] = {
                "0.5": _half(network, seconds),
                "1": judged.figures(),
                "2": _double(probability, seconds),
            }
    return figures


def _by_turn(judged: SourceSeconds, turn: NDArray[np.float32]) -> list[Figures]:
    rows = []
    for low, high in TURNS:
        within = judged.take((turn >= low) & (turn < high))
        rows.append(
            {"from_deg_s": low, "to_deg_s": high if high < 1000 else None}
            | {k: v for k, v in within.figures().items() if k != "confusion"}
        )
    return rows


def _half(network: Localization, seconds: Seconds) -> Figures:
    """Judge the first half of each second alone."""
    rows = np.flatnonzero(seconds.alone)
    out = []
    with torch.inference_mode():
        for start in range(0, len(rows), 128):
            maps, imu, _, _ = seconds.batch(rows[start : start + 128])
            out.append(network.regions(maps[:, :, :25], imu[:, :25].transpose(1, 2)))
    return SourceSeconds.of(torch.cat(out).numpy(), seconds.regions[rows]).figures()


def _double(probability: Probability, seconds: Seconds) -> Figures:
    """Judge the mean of a clip's two seconds, where the one source stays in its region."""
    regions = seconds.regions.reshape(-1, SECONDS, len(REGIONS))
    same = (regions == regions[:, :1]).all(axis=(1, 2)) & (regions[:, 0].sum(axis=1) == 1)
    mean = probability.reshape(-1, SECONDS, len(REGIONS)).mean(axis=1)
    return SourceSeconds.of(mean[same], regions[same, 0]).figures()


def _calibration(probability: Probability, truth: NDArray[np.float32]) -> list[Figures]:
    """Return how often regions said with about a probability are true."""
    rows = []
    for low, high in ((0.0, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1.01)):
        within = (probability >= low) & (probability < high)
        confidence = float(probability[within].mean()) if within.any() else None
        rows.append(
            {"said": confidence, "true": _share(truth[within] > 0), "count": int(within.sum())}
        )
    return rows


def _share(right: NDArray[np.bool_]) -> float | None:
    return float(right.mean()) if right.size else None
