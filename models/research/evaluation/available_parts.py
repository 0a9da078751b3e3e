"""The parts of a folder of recordings that can be read; those that cannot are listed, not fatal.

A clip of sound that cannot be read costs itself alone.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from models.recordings.datasets import esc50, labelled_motion, spoken_digits, urbansound8k
from models.recordings.datasets.motion_files import read_motion
from models.recordings.protocol import RecordingError
from models.recordings.shared_data import CIPIC, ESC50, HRTF, IMU, SPEECH, URBANSOUND8K
from models.recordings.unseen import split_elsewhere, unseen
from models.research.evaluation.readable_clips import readable_clips
from models.simulation.sources.dummy_head import read_dummy_head
from models.simulation.sources.measured import read_cipic
from models.simulation.sources.sofa import read_sofa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    # What reads a part, and returns it or the folder with what of it can be read.
    Part = tuple[Path, Callable[[], Path]]

CLASSYGLASS_WINDOWS = "classyglass_windows.npz"
HAPT = "hapt_50hz.npz"


def available_parts(data: Path, links: Path) -> Path:
    """Return `data`, or the folder `links` with links to its usable parts if others are not.

    Each part is read as the evaluation reads it. Unusable ones are printed with the reason, and so
    are single clips of sound.
    """
    kept, refused = [], False
    for part, read in _parts(data, links):
        try:
            usable = read()
        except RecordingError as error:
            print(f"skipped: {error}")
            refused = True
        else:
            kept.append((part, usable))
    if not refused and all(part == usable for part, usable in kept):
        return data
    links.mkdir(parents=True, exist_ok=True)
    for part, usable in kept:
        if usable == part:
            link = links / part.relative_to(data)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(part.resolve())
    return links


def _parts(data: Path, links: Path) -> Iterator[Part]:
    """Yield each part that exists, with what reads it."""
    clips: dict[Path, Callable[[], Path]] = {
        ESC50: lambda: _esc50(data, links),
        URBANSOUND8K: lambda: _urbansound8k(data, links),
        SPEECH: lambda: _speech(data, links),
    }
    for part, read in clips.items():
        if (data / part).exists():
            yield data / part, read
    readers: dict[Path, Callable[[], object]] = {
        CIPIC: lambda: read_cipic(data / CIPIC, unseen(data).ears),
        HRTF / "ku100_16khz.npz": lambda: read_dummy_head(data / HRTF / "ku100_16khz.npz"),
    }
    for path in sorted((data / HRTF).glob("*_16k.sofa")):
        readers[path.relative_to(data)] = partial(read_sofa, path)
    for path in sorted((data / IMU).glob("*.npz")):
        readers[path.relative_to(data)] = partial(_motion, path)
    for part, reader in readers.items():
        if (data / part).exists():
            yield data / part, partial(_whole, data / part, reader)


def _whole(part: Path, read: Callable[[], object]) -> Path:
    read()
    return part


def _esc50(data: Path, links: Path) -> Path:
    folder = data / ESC50
    # A folder of clips without a table is absent, as everywhere.
    if not (folder / esc50.TABLE).is_file():
        return folder
    split = unseen(data).sounds
    return readable_clips(
        folder,
        lambda here: [clip.path for clip in esc50.clips(here, split)],
        links / ESC50,
        esc50.TABLE,
    )


def _urbansound8k(data: Path, links: Path) -> Path:
    folder = data / URBANSOUND8K
    if not (folder / urbansound8k.TABLE).is_file():
        return folder
    try:
        elsewhere = split_elsewhere(data)
    except RecordingError:
        # Reported with ESC-50 itself.
        elsewhere = {}
    split = unseen(data).street
    return readable_clips(
        folder,
        lambda here: [path for path, _ in urbansound8k.clips(here, split, elsewhere)],
        links / URBANSOUND8K,
        urbansound8k.TABLE,
    )


def _speech(data: Path, links: Path) -> Path:
    split = unseen(data).speech
    return readable_clips(
        data / SPEECH, lambda here: spoken_digits.clips(here, split), links / SPEECH
    )


def _motion(path: Path) -> None:
    if path.name == CLASSYGLASS_WINDOWS:
        labelled_motion.classyglass(path.parent)
    elif path.name == HAPT:
        labelled_motion.hapt(path.parent)
    elif path.stem.endswith(("_50hz", "_20hz")):
        read_motion(path)
