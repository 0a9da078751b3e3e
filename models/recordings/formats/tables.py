"""Tables of clips (.csv), as spreadsheets and data sets write them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from pathlib import Path


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows by column, with or without a byte order mark; raises `RecordingError`.

    Cells that a short row lacks are empty; those that a long one has too many are dropped.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as table:
            rows = list(csv.DictReader(table, restval=""))
    except UnicodeDecodeError as error:
        raise RecordingError(f"table {path} is not UTF-8 text: {error.reason}") from error
    except (OSError, csv.Error) as error:
        raise RecordingError(f"table {path} cannot be read: {error}") from error
    for row in rows:
        # `DictReader` keeps the cells beyond the header under None.
        row.pop(None, None)
    return rows
