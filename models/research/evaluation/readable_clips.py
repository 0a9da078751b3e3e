"""A folder of clips without those that cannot be read, which are printed with the reason."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from models.recordings.datasets import esc50
from models.recordings.formats.tables import read_rows
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence, Set

_PRINTED = 5
"""Most clips of a folder that are printed one by one."""


def readable_clips(
    folder: Path, used: Callable[[Path], Sequence[Path]], links: Path, table: str | None = None
) -> Path:
    """Return `folder`, or the folder `links` with links to its clips if some cannot be read.

    `used` returns the clips of a folder that are read. Rows of `table` whose clips do not exist or
    cannot be read are left out. Raises `RecordingError` where no clip is left, and where `used`
    does.
    """
    absent = set() if table is None else _absent(folder, table)
    here = _without(folder, absent, links, table) if absent else folder
    try:
        unreadable = _unreadable(used(here))
    except RecordingError as error:
        shutil.rmtree(links, ignore_errors=True)
        raise RecordingError(str(error).replace(str(links), str(folder))) from error
    if unreadable:
        here = _without(folder, absent | set(unreadable), links, table)
    reasons = [f"clip {folder / name} does not exist" for name in sorted(absent)]
    reasons += [reason.replace(str(links), str(folder)) for reason in unreadable.values()]
    for reason in reasons[:_PRINTED]:
        print(f"skipped: {reason}")
    if len(reasons) > _PRINTED:
        print(f"skipped: {len(reasons) - _PRINTED} more clips of {folder}")
    return here


def _absent(folder: Path, table: str) -> set[str]:
    names = [row["filename"] for row in read_rows(folder / table) if row.get("filename")]
    absent = {name for name in names if esc50.existing(folder, name) is None}
    if names and absent.issuperset(names):
        raise RecordingError(f"folder {folder} has none of the {len(names)} clips of {table}")
    return absent


def _unreadable(clips: Sequence[Path]) -> dict[str, str]:
    """Return the reason by the name without its suffix; raises `RecordingError` if none is left."""
    reasons = {}
    for path in clips:
        try:
            esc50.read_mono(path)
        except RecordingError as error:
            reasons[path.stem] = str(error)
            if len(reasons) == len(clips):
                raise
    return reasons


def _without(folder: Path, left_out: Set[str], links: Path, table: str | None) -> Path:
    """Make `links` anew without the clips `left_out`, names in the table or without a suffix."""
    shutil.rmtree(links, ignore_errors=True)
    links.mkdir(parents=True)
    for path in folder.iterdir():
        if path.name != table and path.stem not in left_out:
            (links / path.name).symlink_to(path.resolve())
    if table is not None:
        rows = read_rows(folder / table)
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(
            row for row in rows if not {row["filename"], Path(row["filename"]).stem} & left_out
        )
        (links / table).write_text(text.getvalue())
    return links
