"""UrbanSound8K: real sounds of streets and homes, up to four seconds each, in ten categories."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

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


class UrbanSoundError(ValueError):
    """A folder of clips lacks its table, a column or a clip, or holds an unknown category."""


def clips(folder: Path) -> list[tuple[Path, str]]:
    """Return (path, category) of every clip in the table of `folder`; raises `UrbanSoundError`."""
    path = folder / TABLE
    if not path.is_file():
        raise UrbanSoundError(f"table {path} does not exist; expected it beside the clips")
    with path.open(newline="") as table:
        rows = list(csv.DictReader(table))
    if not rows or not {"filename", "category"} <= rows[0].keys():
        columns = ", ".join(rows[0]) if rows else "no rows"
        raise UrbanSoundError(f"table {path} has {columns}; expected filename, category")
    for row in rows:
        if row["category"] not in CATEGORIES:
            raise UrbanSoundError(
                f"table {path} has category {row['category']!r}; "
                f"expected one of {', '.join(CATEGORIES)}"
            )
        if not (folder / row["filename"]).is_file():
            raise UrbanSoundError(f"clip {folder / row['filename']} does not exist")
    return [(folder / row["filename"], row["category"]) for row in rows]
