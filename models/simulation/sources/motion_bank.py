"""Real motion for composed days: recorded segments of each activity, by placement and user.

Head: ClassyGlass (smart glasses). Waist: HAPT. Pocket and wrist: WISDM. The head has no recordings
of clapping, talking, drinking, eating, washing hands, brushing teeth and sitting down; for these
the simulated gesture is added to a real segment of the same posture, so that sensor noise and
fidgeting do not reveal which activity was simulated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal
from scipy.spatial.transform import Rotation

from models.recordings.datasets import labelled_motion
from models.recordings.datasets.motion_files import read_cuts
from models.recordings.splits import Split, in_split
from models.simulation.life.heading import yaw_rate
from models.simulation.life.motion import RATE, HeadMotion
from models.simulation.rendering.renderer import simulate_motion

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.random import Generator

    from models.recordings.datasets.labelled_motion import LabelledMotion, LabelledSegment
    from models.simulation.life.plan import PlannedActivity
    from models.simulation.life.wearer import SimulatedWearer

Placement = Literal["head", "waist", "pocket", "wrist"]
Stretches = dict[str, list[NDArray[np.float32]]]
Labelled = Iterator[tuple[str, str, NDArray[np.float32]]]

CLASSYGLASS: dict[str, str] = {
    "walking": "walking",
    "stairs": "walking",
    "running": "running",
    "pick up items": "cleaning a room",
    "sitting moving chair": "sitting",
    "sitting moving head/body": "sitting",
    "sitting reading": "sitting",
    "stand up from sitting": "standing up",
    "standing": "standing",
    "computer browsing": "watching TV",
    "computer typing": "typing on a keyboard",
    "sitting using computer": "typing on a keyboard",
    "sitting writing": "writing",
}
HAPT: dict[str, str] = {
    "walking": "walking",
    "going upstairs": "walking",
    "going downstairs": "walking",
    "sitting": "sitting",
    "standing": "standing",
    "sit to stand": "standing up",
    "lie to stand": "standing up",
    "stand to sit": "sitting down",
}
WISDM: dict[str, str] = {
    "walking": "walking",
    "stairs (undirected)": "walking",
    "jogging": "running",
    "sitting": "sitting",
    "standing": "standing",
    "typing": "typing on a keyboard",
    "writing": "writing",
    "clapping": "clapping",
    "drinking": "drinking",
    "teeth": "brushing teeth",
    "soup": "eating",
    "chips": "eating",
    "pasta": "eating",
    "sandwich": "eating",
}
# Probability of a placement other than the head, if there are recordings.
ELSEWHERE_SHARE = 0.25
_BODY_S = 4.0


@dataclass(frozen=True)
class MotionBank:
    """Segments (n, 6) at 50 Hz, acc m/s² and gyro rad/s, by placement and user."""

    users: dict[Placement, dict[str, Stretches]]

    @classmethod
    def read(cls, folder: Path, split: Split | None) -> MotionBank:
        """Read the available files of the folder `imu/`; `split` None takes every user.

        Segments with values that are not finite are left out.
        """
        readers: dict[Placement, Callable[[Path], Labelled | None]] = {
            "head": _classyglass,
            "waist": _hapt,
            "pocket": _wisdm("phone"),
            "wrist": _wisdm("watch"),
        }
        users: dict[Placement, dict[str, Stretches]] = {}
        for placement, reader in readers.items():
            stretches: dict[str, Stretches] = defaultdict(lambda: defaultdict(list))
            for user, activity, values in reader(folder) or ():
                if in_split(user, split) and np.isfinite(values).all():
                    stretches[user][activity].append(values)
            if stretches:
                users[placement] = {user: dict(rows) for user, rows in stretches.items()}
        return cls(users)

    def wearer(self, rng: Generator, elsewhere: bool = True) -> RealMotion | None:
        """Draw a user and a placement; None if there is no recording."""
        others = [p for p in self.users if p != "head"]
        placement: Placement = "head"
        if "head" not in self.users or (others and elsewhere and rng.random() < ELSEWHERE_SHARE):
            if not others:
                return None
            placement = others[int(rng.integers(len(others)))]
        people = self.users[placement]
        names = sorted(people)
        user = names[int(rng.integers(len(names)))]
        pooled: Stretches = defaultdict(list)
        for rows in people.values():
            for activity, stretches in rows.items():
                pooled[activity] += stretches
        return RealMotion(placement, people[user], dict(pooled))


@dataclass(frozen=True)
class RealMotion:
    """One user's motion; missing activities are taken from others at the same placement."""

    placement: Placement
    own: Stretches
    pooled: Stretches

    def __call__(
        self, span: PlannedActivity, rng: Generator, wearer: SimulatedWearer
    ) -> HeadMotion:
        """Return the motion of a span: recorded, or a simulated gesture over a recorded posture."""
        rows = (span.stop_s - span.start_s) * RATE
        drawn = simulate_motion(span, rng, _neutral(wearer))
        stretches = None if span.vehicle else self._stretches(span.label)
        if stretches is not None and not _gestures(span):
            imu = _fill(stretches, rows, rng)
        else:
            base = self._stretches("sitting" if span.manner.posture == "sit" else "standing")
            if span.manner.posture in ("walk", "run"):
                base = self._stretches("walking")
            if base is None:
                return simulate_motion(span, rng, wearer)
            imu = _overlaid(_fill(base, rows, rng), drawn.imu)
        if self.placement != "head":
            return HeadMotion(imu, drawn.yaw, drawn.body_yaw)
        yaw = span.headings[0] + head_yaw(imu)
        return HeadMotion(imu, yaw, ndimage.gaussian_filter1d(yaw, _BODY_S * RATE, mode="nearest"))

    def _stretches(self, activity: str) -> list[NDArray[np.float32]] | None:
        return self.own.get(activity) or self.pooled.get(activity)


def head_yaw(imu: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the head's yaw (n,) in rad from `imu` (n, 6), counter-clockwise.

    The turn about gravity is integrated from 0.
    """
    return np.asarray(np.cumsum(yaw_rate(imu)) / RATE, np.float64)


def _gestures(span: PlannedActivity) -> bool:
    # A scenario's own activity may need busy hands where the recordings only stand or sit.
    return span.label in ("standing", "sitting") and span.manner.gesture is not None


def _neutral(wearer: SimulatedWearer) -> SimulatedWearer:
    """The same person with an ideal sensor in head axes: what is added to a real recording."""
    return replace(
        wearer,
        mounting=np.eye(3),
        acc_bias=np.zeros(3),
        acc_scale=1.0,
        gyro_bias=np.zeros(3),
        acc_noise=0.0,
        gyro_noise=0.0,
    )


def _overlaid(base: NDArray[np.float32], drawn: NDArray[np.float32]) -> NDArray[np.float32]:
    """Add the motion of `drawn`, given with z up, to `base`, whose gravity may point anywhere."""
    gravity = base[:, :3].mean(axis=0)
    turn, _ = Rotation.align_vectors(gravity[None], np.array([[0.0, 0.0, 9.81]]))
    shake = turn.apply(drawn[:, :3] - drawn[:, :3].mean(axis=0))
    spin = turn.apply(drawn[:, 3:] - drawn[:, 3:].mean(axis=0))
    return np.asarray(base + np.concatenate([shake, spin], axis=1), np.float32)


def _fill(stretches: list[NDArray[np.float32]], rows: int, rng: Generator) -> NDArray[np.float32]:
    parts: list[NDArray[np.float32]] = []
    have = 0
    while have < rows:
        stretch = stretches[int(rng.integers(len(stretches)))]
        spare = len(stretch) - (rows - have)
        start = int(rng.integers(spare + 1)) if spare > 0 else 0
        parts.append(stretch[start : start + rows - have])
        have += len(parts[-1])
    return np.concatenate(parts)


def _classyglass(folder: Path) -> Labelled | None:
    read = labelled_motion.classyglass(folder)
    return None if read is None else _touching(read)


def _touching(read: LabelledMotion) -> Labelled:
    """Join adjacent windows of the same label into one segment."""
    runs: list[LabelledSegment] = []
    for window in read.stretches:
        if window.label not in CLASSYGLASS:
            continue
        same = runs and (runs[-1].user, runs[-1].label) == (window.user, window.label)
        if same and window.start <= runs[-1].stop:
            runs[-1] = replace(runs[-1], stop=window.stop)
        else:
            runs.append(window)
    for run in runs:
        yield run.user, CLASSYGLASS[run.label], read.values[run.start : run.stop]


def _hapt(folder: Path) -> Labelled | None:
    read = labelled_motion.hapt(folder)
    if read is None:
        return None
    return (
        (stretch.user, HAPT[stretch.label], read.values[stretch.start : stretch.stop])
        for stretch in read.stretches
        if stretch.label in HAPT
    )


def _wisdm(name: str) -> Callable[[Path], Labelled | None]:
    def reader(folder: Path) -> Labelled | None:
        path = folder / f"wisdm19_{name}_20hz.npz"
        return _windows(path) if path.is_file() else None

    return reader


def _windows(path: Path) -> Labelled:
    cuts = read_cuts(path)
    kept = [i for i, label in enumerate(cuts.labels) if label in WISDM]
    fine = signal.resample_poly(cuts.data[kept].astype(np.float32), 5, 2, axis=1, padtype="line")
    for row, i in enumerate(kept):
        yield cuts.users[i], WISDM[cuts.labels[i]], np.asarray(fine[row], np.float32)
