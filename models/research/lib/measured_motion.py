"""The files of labelled motion in a folder that evaluations measure, and the lines on the others.

Files that cannot be measured are printed with the reason, and so are those whose numbers are
hardly m/s² and rad/s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.recordings.datasets.labelled_windows import read
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from pathlib import Path

    from models.recordings.datasets.labelled_windows import LabelledWindows
    from models.recordings.splits import Split

_RECORDINGS, _CUTS = "_50hz", "_20hz"
_LISTS_WINDOWS = "_windows"
_GRAVITY = (7.0, 14.0)
"""m/s²: between them lies the median acceleration of wearers who stand, walk or run."""
_FASTEST = 35.0
"""rad/s: the range of the sensors, 2000 degrees/s."""


def motion_files(folder: Path) -> dict[str, Path]:
    """Return each `NAME_50hz.npz` and `NAME_20hz.npz` in `folder` by NAME, in order of file names.

    Where there are both of a NAME, the one of 20 Hz is called NAME_20hz.
    """
    files = {}
    for path in sorted(folder.glob("*.npz")):
        for layout in (_RECORDINGS, _CUTS):
            if path.stem.endswith(layout):
                name = path.stem.removesuffix(layout)
                is_second = layout == _CUTS and (folder / f"{name}{_RECORDINGS}.npz").exists()
                files[path.stem if is_second else name] = path
    return files


def print_other_files(folder: Path) -> None:
    """Print which archives in `folder` are not measured, or that there are none that are."""
    measured = {*motion_files(folder).values()}
    expected = f"NAME{_RECORDINGS}.npz or NAME{_CUTS}.npz"
    if not measured:
        print(f"skipped: {folder} has no {expected}")
    for path in sorted(folder.glob("*.npz")):
        if path not in measured and not path.stem.endswith(_LISTS_WINDOWS):
            print(f"skipped: {path.name} is not called {expected}")


def windows_to_measure(path: Path, split: Split | None = None) -> LabelledWindows | None:
    """Return the windows of a file's unseen users, or of `split`; None where there are none.

    The reason is printed.
    """
    try:
        windows = read(path, split=split)
    except RecordingError as error:
        print(f"skipped: {error}")
        return None
    if not len(windows):
        whose = "an unseen user" if split is None else f"a user of split {split!r}"
        print(
            f"skipped: {path.name} has no window with a label of {whose}; "
            f"{windows.left_out} are too short or not finite"
        )
        return None
    for doubt in doubts(windows):
        print(f"doubtful: {path.name} {doubt}")
    return windows


def doubts(windows: LabelledWindows) -> list[str]:
    """Return what makes it unlikely that windows (N, rows, 6) are in m/s² and rad/s."""
    lines = []
    acceleration = float(np.median(np.linalg.norm(windows.imu[..., :3], axis=-1)))
    if not _GRAVITY[0] <= acceleration <= _GRAVITY[1]:
        lines.append(
            f"has acceleration of {acceleration:.2f} m/s² in the median; "
            "expected about 9.8, gravity included"
        )
    turning = float(np.percentile(np.linalg.norm(windows.imu[..., 3:], axis=-1), 99))
    if turning > _FASTEST:
        lines.append(
            f"has rotation of {turning:.0f} rad/s in a hundredth of its rows; "
            f"expected less than {_FASTEST:g}"
        )
    return lines
