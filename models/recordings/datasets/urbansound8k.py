"""UrbanSound8K: real sounds of streets and homes, up to four seconds each, in ten categories."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.recordings.datasets.esc50 import needed
from models.recordings.formats.tables import read_rows
from models.recordings.protocol import RecordingError
from models.recordings.splits import Split, freesound_split

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE = "urbansound8k.csv"

CATEGORIES: tuple[str, ...] = (
    "air_conditioner",
    "car_horn",
    "children_playing",
    "dog_bark",
    "drilling",
    "engine_idling",
    "gun_shot",
    "jackhammer",
    "siren",
    "street_music",
)
"""The data set's classes, by its `target` column."""


class UrbanSoundError(RecordingError):
    """A folder of clips lacks its table, a column or a clip, or holds an unknown category."""


def clips(
    folder: Path, split: Split | None = None, elsewhere: Mapping[int, Split] | None = None
) -> list[tuple[Path, str]]:
    """Return (path, category) of the clips of `split` in the table of `folder`.

    All clips of a recording are in one split. Recordings that occur in another data set have its
    split, `elsewhere` (`models.recordings.unseen.split_elsewhere`); split None selects all but
    those that train or validate there. The table may name another suffix than the file has, as
    ESC-50's may. Raises `UrbanSoundError`.
    """
    path = folder / TABLE
    if not path.is_file():
        raise UrbanSoundError(f"table {path} does not exist; expected it beside the clips")
    rows = read_rows(path)
    if not rows or not {"filename", "category"} <= rows[0].keys():
        columns = ", ".join(rows[0]) if rows else "no rows"
        raise UrbanSoundError(f"table {path} has {columns}; expected filename, category")
    for row in rows:
        if row["category"] not in CATEGORIES:
            raise UrbanSoundError(
                f"table {path} has category {row['category']!r}; "
                f"expected one of {', '.join(CATEGORIES)}"
            )
    paths = [needed(folder, row["filename"], UrbanSoundError) for row in rows]
    parts = elsewhere or {}
    return [
        (path, row["category"])
        for path, row in zip(paths, rows, strict=True)
        if _in_split(row["filename"], split, parts)
    ]


def _in_split(name: str, split: Split | None, elsewhere: Mapping[int, Split]) -> bool:
    number = Path(name).stem.split("-")[0]
    if not number.isdecimal():
        if split is None:
            return True
        raise UrbanSoundError(
            f"clip {name} has no number of its recording; expected a name like 100648-1-0-0.ogg"
        )
    recording = int(number)
    if split is None:
        return elsewhere.get(recording, "test") == "test"
    return freesound_split(recording, elsewhere) == split
