"""Motion of real wearers, split by user: ClassyGlass (glasses), HAPT (waist), GeoTec and WISDM.

GeoTec and WISDM are of pocket and wrist; GeoTec's changes of posture last a second.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from scipy import signal

from models.labels import ACTIVITIES, MOTIONS
from models.recordings.datasets import labelled_motion
from models.recordings.datasets.labelled_motion import WINDOW
from models.recordings.datasets.motion_files import read_cuts
from models.recordings.splits import Split, in_split

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.recordings.datasets.labelled_motion import LabelledMotion, LabelledSegment

NONE = -1

_CLASSYGLASS: dict[str, tuple[str | None, str | None]] = {
    # detail of the window: (motion, activity); no motion is keeping still
    "walking": ("walking", "walking"),
    "stairs": ("walking", "walking"),
    "running": ("moving", "running"),
    "pick up items": ("moving", None),
    "sitting moving chair": ("moving", "sitting"),
    "sitting moving head/body": ("moving", "sitting"),
    "standing": (None, "standing"),
    "sitting reading": (None, "sitting"),
    "computer browsing": (None, "sitting"),
    "sitting using computer": (None, "sitting"),
    "computer typing": (None, "typing on a keyboard"),
    "sitting writing": (None, "writing"),
}
_CHANGES: dict[str, tuple[str | None, str | None]] = {
    "standing up": ("standing up", "standing up"),
    "sitting down": ("sitting down", "sitting down"),
}
_HAPT: dict[str, tuple[str | None, str | None]] = {
    "sit to stand": ("standing up", "standing up"),
    "lie to stand": ("standing up", "standing up"),
    "stand to sit": ("sitting down", "sitting down"),
    "walking": ("walking", "walking"),
    "going upstairs": ("walking", "walking"),
    "going downstairs": ("walking", "walking"),
    "sitting": (None, "sitting"),
    "standing": (None, "standing"),
}
# Lying is not an activity of the closed set, but it is a still posture.
_HAPT_MOTION: dict[str, tuple[str | None, str | None]] = {**_HAPT, "lying": (None, None)}
_GEOTEC: dict[str, tuple[str | None, str | None]] = {
    **_CHANGES,
    "sitting": (None, "sitting"),
    "walking": ("walking", "walking"),
    "turning": ("moving", None),
}
_WISDM: dict[str, tuple[str | None, str | None]] = {
    "walking": ("walking", "walking"),
    "stairs (undirected)": ("walking", "walking"),
    "jogging": ("moving", "running"),
    "catch": ("moving", None),
    "dribbling": ("moving", None),
    "kicking": ("moving", None),
    "folding": ("moving", None),
    "clapping": ("moving", "clapping"),
    "teeth": ("moving", "brushing teeth"),
    "sitting": (None, "sitting"),
    "standing": (None, "standing"),
    "typing": (None, "typing on a keyboard"),
    "writing": (None, "writing"),
}
# What is no activity of the closed set, of any kind.
_OUTSIDE_CLASSYGLASS: dict[str, tuple[str | None, str | None]] = {
    "pick up items": ("moving", None),
    "don/doff glasses": ("moving", None),
}
_OUTSIDE_HAPT: dict[str, tuple[str | None, str | None]] = {
    "lying": (None, None),
    "sit to lie": ("moving", None),
    "stand to lie": ("moving", None),
    "lie to sit": ("moving", None),
}
_OUTSIDE_GEOTEC: dict[str, tuple[str | None, str | None]] = {"turning": ("moving", None)}
_OUTSIDE_WISDM = {
    label: classes for label, classes in _WISDM.items() if classes == ("moving", None)
}
# Most windows per interval, so that walking does not outnumber the transitions.
_MAX_WINDOWS = 3
_MAX_OF_A_USER = 6
# The wearer sits before and after GeoTec's recordings as in their first and last rows.
_LEAST_AT_REST = 10

Row = tuple["NDArray[np.float32]", str | None, str | None, int]


@dataclass(frozen=True)
class MotionWindows:
    """Real windows: `imu` (N, 300, 6), `motion` and `activity` (N,) index.

    A motion of -1 is keeping still, an activity of -1 is unknown. The labels hold for `slack` (N,)
    rows before and after the window's middle; `source` (N,) names its data set and device.
    """

    imu: NDArray[np.float32]
    motion: NDArray[np.int64]
    activity: NDArray[np.int64]
    slack: NDArray[np.int64]
    source: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.imu)


def read(folder: Path, split: Split | None) -> MotionWindows | None:
    """Read the available windows of head and waist in the folder `imu/`; None without any.

    `split` None selects every user. Windows with values that are not finite are left out.
    """
    return _together(
        [
            _motion("classyglass", _classyglass(folder, split)),
            _motion("hapt", _intervals(labelled_motion.hapt(folder), _HAPT, split)),
        ]
    )


def read_everywhere(folder: Path, split: Split | None) -> MotionWindows | None:
    """Like `read`, and also lying, and windows of pockets and wrists."""
    hapt = labelled_motion.hapt(folder)
    phone, watch = (labelled_motion.geotec(folder, device) for device in ("phone", "watch"))
    return _together(
        [
            _motion("classyglass", _classyglass(folder, split)),
            _motion("hapt", _intervals(hapt, _HAPT_MOTION, split)),
            _motion("geotec phone", _intervals(phone, _GEOTEC, split, rest="sitting")),
            _motion("wisdm phone", _wisdm(folder / "wisdm19_phone_20hz.npz", split)),
            _motion("geotec watch", _intervals(watch, _GEOTEC, split, rest="sitting")),
            _motion("wisdm watch", _wisdm(folder / "wisdm19_watch_20hz.npz", split)),
        ]
    )


def read_outside(folder: Path, split: Split | None) -> MotionWindows | None:
    """Read windows of activities outside the closed set, at head, waist, pocket and wrist.

    They are lying and lying down, picking up, putting glasses on or off, turning, and ball games.
    """
    hapt = labelled_motion.hapt(folder)
    phone, watch = (labelled_motion.geotec(folder, device) for device in ("phone", "watch"))
    return _together(
        [
            _motion("classyglass", _classyglass_windows(folder, _OUTSIDE_CLASSYGLASS, split)),
            _motion("hapt", _intervals(hapt, _OUTSIDE_HAPT, split)),
            _motion("geotec phone", _intervals(phone, _OUTSIDE_GEOTEC, split)),
            _motion(
                "wisdm phone", _wisdm(folder / "wisdm19_phone_20hz.npz", split, _OUTSIDE_WISDM)
            ),
            _motion("geotec watch", _intervals(watch, _OUTSIDE_GEOTEC, split)),
            _motion(
                "wisdm watch", _wisdm(folder / "wisdm19_watch_20hz.npz", split, _OUTSIDE_WISDM)
            ),
        ]
    )


def _together(parts: list[MotionWindows]) -> MotionWindows | None:
    parts = [part for part in parts if len(part)]
    if not parts:
        return None
    return MotionWindows(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(MotionWindows)
        }
    )


def _classyglass(folder: Path, split: Split | None) -> list[Row]:
    windows = _classyglass_windows(folder, _CLASSYGLASS, split)
    return windows + _intervals(labelled_motion.classyglass_changes(folder), _CHANGES, split)


def _classyglass_windows(
    folder: Path, table: Mapping[str, tuple[str | None, str | None]], split: Split | None
) -> list[Row]:
    read = labelled_motion.classyglass(folder)
    if read is None:
        return []
    return [
        (read.values[window.start : window.stop], *table[window.label], WINDOW // 2)
        for window in read.stretches
        if window.label in table and in_split(window.user, split)
    ]


def _intervals(
    read: LabelledMotion | None,
    table: Mapping[str, tuple[str | None, str | None]],
    split: Split | None,
    rest: str | None = None,
) -> list[Row]:
    """Return windows around the middles of intervals.

    With `rest`, missing rows before and after a recording are filled with the rest's rows, back and
    forth; otherwise such windows are left out.
    """
    windows: list[Row] = []
    if read is None:
        return windows
    for interval in read.stretches:
        if interval.label not in table or not in_split(interval.user, split):
            continue
        rows = interval.stop - interval.start
        count = int(np.clip(rows // WINDOW, 1, _MAX_WINDOWS))
        for middle in interval.start + rows * (np.arange(count) + 0.5) / count:
            begin = int(middle) - WINDOW // 2
            inside = begin >= interval.first and begin + WINDOW <= interval.last
            if not inside and rest is None:
                continue
            taken = np.arange(begin, begin + WINDOW)
            if not inside:
                taken = _at_rest(taken, interval, read.stretches, rest)
            windows.append((read.values[taken], *table[interval.label], rows // (2 * count)))
    return windows


def _at_rest(
    rows: NDArray[np.int64],
    of: LabelledSegment,
    stretches: Sequence[LabelledSegment],
    rest: str | None,
) -> NDArray[np.int64]:
    """Turn rows outside of their recording into those of its rest, to and fro from its ends."""
    still = [one for one in stretches if one.first == of.first and one.label == rest]
    before = max([one.stop - of.first for one in still if one.start == of.first], default=0)
    after = max([of.last - one.start for one in still if one.stop == of.last], default=0)
    early = _to_and_fro(of.first - 1 - rows, max(before, _LEAST_AT_REST))
    late = _to_and_fro(rows - of.last, max(after, _LEAST_AT_REST))
    rows = np.where(rows < of.first, of.first + early, rows)
    return np.where(rows >= of.last, of.last - 1 - late, rows)


def _to_and_fro(steps: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    turned = steps % (2 * length)
    return np.where(turned < length, turned, 2 * length - 1 - turned)


def _wisdm(
    path: Path,
    split: Split | None,
    table: Mapping[str, tuple[str | None, str | None]] = _WISDM,
) -> list[Row]:
    """Return the first windows of each user's activities, at 50 Hz."""
    if not path.is_file():
        return []
    cuts = read_cuts(path)
    labels = cuts.labels
    seen: Counter[tuple[str, str]] = Counter()
    kept = []
    for row, (label, user) in enumerate(zip(labels, cuts.users, strict=True)):
        seen[user, label] += 1
        known = label in table and in_split(user, split)
        if known and seen[user, label] <= _MAX_OF_A_USER:
            kept.append(row)
    if not kept:
        return []
    data = cuts.data[kept].astype(np.float32)
    fine = signal.resample_poly(data, 5, 2, axis=1, padtype="line").astype(np.float32)
    return [(imu, *table[labels[row]], WINDOW // 2) for imu, row in zip(fine, kept, strict=True)]


def _motion(source: str, rows: Sequence[Row]) -> MotionWindows:
    windows = [row for row in rows if np.isfinite(row[0]).all()]
    imu = np.stack([row[0] for row in windows]) if windows else np.zeros((0, WINDOW, 6), np.float32)
    return MotionWindows(
        imu=imu,
        motion=np.array([NONE if r[1] is None else MOTIONS.index(r[1]) for r in windows], np.int64),
        activity=np.array(
            [NONE if r[2] is None else ACTIVITIES.index(r[2]) for r in windows], np.int64
        ),
        slack=np.array([row[3] for row in windows], np.int64),
        source=np.array([source] * len(windows), np.str_),
    )
