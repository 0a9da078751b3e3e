"""The parts of a folder of recordings that can be read; those that cannot are listed, not fatal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.recordings.datasets import esc50, labelled_motion, spoken_digits, urbansound8k
from models.recordings.datasets.motion_files import read_motion
from models.recordings.protocol import RecordingError
from models.recordings.shared_data import CIPIC, ESC50, HRTF, IMU, SPEECH, URBANSOUND8K
from models.recordings.unseen import split_elsewhere, unseen
from models.simulation.sources.dummy_head import read_dummy_head
from models.simulation.sources.measured import read_cipic
from models.simulation.sources.sofa import read_sofa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Part = tuple[Path, Callable[[], object]]

CLASSYGLASS_WINDOWS = "classyglass_windows.npz"
HAPT = "hapt_50hz.npz"


def available_parts(data: Path, links: Path) -> Path:
    """Return `data`, or the folder `links` with links to its usable parts if others are not.

    Each part is read as the evaluation reads it. Unusable ones are printed with the reason.
    """
    kept, refused = [], False
    for part, read in _parts(data):
        try:
            read()
        except RecordingError as error:
            print(f"skipped: {error}")
            refused = True
        else:
            kept.append(part)
    if not refused:
        return data
    links.mkdir(parents=True, exist_ok=True)
    for part in kept:
        link = links / part.relative_to(data)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(part.resolve())
    return links


def _parts(data: Path) -> Iterator[Part]:
    """Yield each part that exists, with what reads it."""
    readers: dict[Path, Callable[[], object]] = {
        ESC50: lambda: _esc50(data),
        URBANSOUND8K: lambda: _urbansound8k(data),
        SPEECH: lambda: _speech(data),
        CIPIC: lambda: read_cipic(data / CIPIC, unseen(data).ears),
        HRTF / "ku100_16khz.npz": lambda: read_dummy_head(data / HRTF / "ku100_16khz.npz"),
    }
    for part, read in readers.items():
        if (data / part).exists():
            yield data / part, read
    for path in sorted((data / HRTF).glob("*_16k.sofa")):
        yield path, lambda path=path: read_sofa(path)  # type: ignore[misc]
    for path in sorted((data / IMU).glob("*.npz")):
        yield path, lambda path=path: _motion(path)  # type: ignore[misc]


def _esc50(data: Path) -> None:
    # A folder of clips without a table is absent, as everywhere.
    if (data / ESC50 / esc50.TABLE).is_file():
        for clip in esc50.clips(data / ESC50, unseen(data).sounds):
            esc50.waveform(clip)


def _urbansound8k(data: Path) -> None:
    folder = data / URBANSOUND8K
    if not (folder / urbansound8k.TABLE).is_file():
        return
    try:
        elsewhere = split_elsewhere(data)
    except RecordingError:
        # Reported with ESC-50 itself.
        elsewhere = {}
    for path, _ in urbansound8k.clips(folder, unseen(data).street, elsewhere):
        esc50.read_mono(path)


def _speech(data: Path) -> None:
    for path in spoken_digits.clips(data / SPEECH, unseen(data).speech):
        esc50.read_mono(path)


def _motion(path: Path) -> None:
    if path.name == CLASSYGLASS_WINDOWS:
        labelled_motion.classyglass(path.parent)
    elif path.name == HAPT:
        labelled_motion.hapt(path.parent)
    elif path.stem.endswith(("_50hz", "_20hz")):
        read_motion(path)
