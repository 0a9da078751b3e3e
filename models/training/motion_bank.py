"""Real motion for composed days: recorded stretches of each activity, by placement and user.

Head: ClassyGlass (smart glasses). Waist: HAPT. Pocket and wrist: WISDM. The head has no recordings
of clapping, talking, drinking, eating, washing hands, brushing teeth and sitting down; for these
the simulated gesture is laid over a real stretch of the same posture, so that sensor noise and
fidgeting do not give away which activity was simulated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage, signal
from scipy.spatial.transform import Rotation

from models.simulate.life import ActivitySpan
from models.simulate.motion import RATE, HeadMotion
from models.simulate.stage import simulated
from models.simulate.wearer import Wearer
from models.training.split import Split, in_split

Placement = Literal["head", "waist", "pocket", "wrist"]
Stretches = dict[str, list[NDArray[np.float32]]]

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
# Every placement that is not the head's, drawn this often where there are recordings.
ELSEWHERE_SHARE = 0.25
_WINDOW_ROWS = 300
_GRAVITY_S = 2.0
_BODY_S = 4.0


@dataclass(frozen=True)
class MotionBank:
    """Stretches (n, 6) at 50 Hz, acc m/s² and gyro rad/s, by placement and user."""

    users: dict[Placement, dict[str, Stretches]]

    @classmethod
    def read(cls, folder: Path, split: Split | None) -> MotionBank:
        """Read what is there of the folder `imu/`; `split` None takes every user."""
        readers = {
            "head": (_classyglass, "classyglass_50hz.npz"),
            "waist": (_hapt, "hapt_50hz.npz"),
            "pocket": (_wisdm, "wisdm19_phone_20hz.npz"),
            "wrist": (_wisdm, "wisdm19_watch_20hz.npz"),
        }
        users: dict[Placement, dict[str, Stretches]] = {}
        for placement, (reader, name) in readers.items():
            if not (folder / name).is_file():
                continue
            found: dict[str, Stretches] = defaultdict(lambda: defaultdict(list))
            for user, activity, values in reader(folder / name):
                if in_split(user, split):
                    found[user][activity].append(values)
            if found:
                users[placement] = {user: dict(rows) for user, rows in found.items()}  # type: ignore[index]
        return cls(users)

    def wearer(self, rng: Generator, elsewhere: bool = True) -> RealMotion | None:
        """Draw a user and a placement; None where there is no recording at all."""
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
    """One user's motion; what the user lacks is taken from others at the same placement."""

    placement: Placement
    own: Stretches
    pooled: Stretches

    def __call__(self, span: ActivitySpan, rng: Generator, wearer: Wearer) -> HeadMotion:
        """Return the motion of a span: recorded, or a simulated gesture over a recorded posture."""
        rows = (span.stop_s - span.start_s) * RATE
        drawn = simulated(span, rng, _neutral(wearer))
        stretches = None if span.vehicle else self._stretches(span.label)
        if stretches is not None and not _gestures(span):
            imu = _filled(stretches, rows, rng)
        else:
            base = self._stretches("sitting" if span.manner.posture == "sit" else "standing")
            if span.manner.posture in ("walk", "run"):
                base = self._stretches("walking")
            if base is None:
                return simulated(span, rng, wearer)
            imu = _overlaid(_filled(base, rows, rng), drawn.imu)
        if self.placement != "head":
            return HeadMotion(imu, drawn.yaw, drawn.body_yaw)
        yaw = span.headings[0] + head_yaw(imu)
        return HeadMotion(imu, yaw, ndimage.gaussian_filter1d(yaw, _BODY_S * RATE, mode="nearest"))

    def _stretches(self, activity: str) -> list[NDArray[np.float32]] | None:
        return self.own.get(activity) or self.pooled.get(activity)


def head_yaw(imu: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the yaw (n,) in rad of a head that moved as `imu` (n, 6) says, counter-clockwise.

    The turn about gravity is integrated from 0.
    """
    gravity = ndimage.gaussian_filter1d(
        imu[:, :3].astype(np.float64), _GRAVITY_S * RATE / 2, axis=0, mode="nearest"
    )
    up = gravity / np.maximum(np.linalg.norm(gravity, axis=1, keepdims=True), 1e-6)
    return np.asarray(np.cumsum(np.sum(imu[:, 3:] * up, axis=1)) / RATE, np.float64)


def _gestures(span: ActivitySpan) -> bool:
    # A spell of the scenario's own may ask for busy hands where recordings only stand or sit.
    return span.label in ("standing", "sitting") and span.manner.gesture is not None


def _neutral(wearer: Wearer) -> Wearer:
    """Same person, perfect sensor in head axes: what is added to a real recording."""
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
    """Add the changes of `drawn`, given with z up, to `base`, whose gravity may lie anywhere."""
    gravity = base[:, :3].mean(axis=0)
    turn, _ = Rotation.align_vectors(gravity[None], np.array([[0.0, 0.0, 9.81]]))
    shake = turn.apply(drawn[:, :3] - drawn[:, :3].mean(axis=0))
    spin = turn.apply(drawn[:, 3:] - drawn[:, 3:].mean(axis=0))
    return np.asarray(base + np.concatenate([shake, spin], axis=1), np.float32)


def _filled(stretches: list[NDArray[np.float32]], rows: int, rng: Generator) -> NDArray[np.float32]:
    parts: list[NDArray[np.float32]] = []
    have = 0
    while have < rows:
        stretch = stretches[int(rng.integers(len(stretches)))]
        spare = len(stretch) - (rows - have)
        start = int(rng.integers(spare + 1)) if spare > 0 else 0
        parts.append(stretch[start : start + rows - have])
        have += len(parts[-1])
    return np.concatenate(parts)


def _classyglass(path: Path) -> Iterator[tuple[str, str, NDArray[np.float32]]]:
    with np.load(path) as file:
        values = file["signal"].astype(np.float32) / file["scale"]
        starts = file["recording_start"]
    with np.load(path.with_name("classyglass_windows.npz")) as file:
        table = zip(
            file["recording"].tolist(),
            file["start"].tolist(),
            file["detail"].tolist(),
            file["user"].tolist(),
            strict=True,
        )
        rows = sorted(row for row in table if row[2] in CLASSYGLASS)
    # Windows of one label that touch are one stretch.
    runs: list[list[int | str]] = []
    for recording, start, detail, user in rows:
        first = int(starts[recording]) + start
        if runs and runs[-1][2:] == [detail, user] and first <= int(runs[-1][1]):
            runs[-1][1] = first + _WINDOW_ROWS
        else:
            runs.append([first, first + _WINDOW_ROWS, detail, user])
    for first_row, last_row, detail, user in runs:
        yield str(user), CLASSYGLASS[str(detail)], values[int(first_row) : int(last_row)]


def _hapt(path: Path) -> Iterator[tuple[str, str, NDArray[np.float32]]]:
    with np.load(path) as file:
        values = file["signal"].astype(np.float32) / file["scale"]
        starts, users = file["recording_start"], file["recording_user"]
        table = list(
            zip(
                file["interval_recording"].tolist(),
                file["interval_start"].tolist(),
                file["interval_stop"].tolist(),
                file["interval_label"].tolist(),
                strict=True,
            )
        )
    for recording, start, stop, label in table:
        if label in HAPT:
            first = int(starts[recording])
            yield str(users[recording]), HAPT[label], values[first + start : first + stop]


def _wisdm(path: Path) -> Iterator[tuple[str, str, NDArray[np.float32]]]:
    with np.load(path) as file:
        data, labels, users = file["data"], file["label"].tolist(), file["user"].tolist()
    kept = [i for i, label in enumerate(labels) if label in WISDM]
    fine = signal.resample_poly(data[kept].astype(np.float32), 5, 2, axis=1, padtype="line")
    for row, i in enumerate(kept):
        yield str(users[i]), WISDM[labels[i]], np.asarray(fine[row], np.float32)
