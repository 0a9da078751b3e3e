"""Sensor Logger's JSON export, unpacked into the CSV files that its other export holds.

It is one array of flat objects, in which everything is text: `sensor` names what would be the
file, the other keys are its columns. The first is the `Metadata`.
"""

from __future__ import annotations

import csv
import json
import re
from contextlib import ExitStack
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from models.recordings.imports.files import FoundFile, unpacked_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SUFFIX = ".json"
_HEAD_CHARACTERS = 4_096
_BETWEEN = re.compile(r"[\s,\[\]]*")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9 _-]{0,63}")
# Each sensor is an open file, and each row is as wide as the sensor's first.
_MAX_SENSORS = 64
_MAX_COLUMNS = 64


def unpack_exports(
    files: Iterable[FoundFile], root: Path, scratch: Path, skipped: list[tuple[str, str]]
) -> list[FoundFile]:
    """Return `files` with each export replaced by its sensors' CSV files, written below `scratch`.

    They are shown below the export, as the members of a zip are; what an export holds besides is
    added to `skipped`.
    """
    unpacked: list[FoundFile] = []
    for number, file in enumerate(files):
        if not _is_export(file):
            unpacked.append(file)
            continue
        folder = scratch / f"json-{number}"
        folder.mkdir()
        names, reason = _split(file.path, folder)
        if reason is not None:
            skipped.append((str(file.display_path), reason))
        display_path = PurePosixPath() if file.path == root else file.display_path
        unpacked += [FoundFile(folder / name, display_path / name) for name in names]
    return unpacked


def _is_export(file: FoundFile) -> bool:
    if PurePosixPath(unpacked_name(file.display_path.name)).suffix.lower() != SUFFIX:
        return False
    try:
        with file.path.open(encoding="utf-8-sig", errors="replace") as text:
            head = text.read(_HEAD_CHARACTERS)
        first, _ = json.JSONDecoder().raw_decode(head, _after(head, 0))
    except (OSError, ValueError, RecursionError):
        return False
    return head.lstrip().startswith("[") and isinstance(first, dict) and "sensor" in first


class _SensorTables:
    """A CSV file in `folder` for each sensor, opened with its first entry."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self.writers: dict[str, csv.DictWriter[str]] = {}

    def write(self, entry: Any) -> bool:
        """Write an entry to its sensor's table; return False if it names no sensor."""
        sensor = entry.pop("sensor", None) if isinstance(entry, dict) else None
        if not isinstance(sensor, str) or not _NAME.fullmatch(sensor):
            return False
        if sensor not in self.writers:
            if len(self.writers) == _MAX_SENSORS or len(entry) > _MAX_COLUMNS:
                return False
            self._open(sensor, entry)
        self.writers[sensor].writerow(entry)
        return True

    def _open(self, sensor: str, columns: Iterable[str]) -> None:
        table = self._folder / f"{sensor}.csv"
        file = self._stack.enter_context(
            table.open("x", encoding="utf-8", errors="replace", newline="")
        )
        self.writers[sensor] = csv.DictWriter(file, list(columns), extrasaction="ignore")
        self.writers[sensor].writeheader()


def _split(path: Path, folder: Path) -> tuple[list[str], str | None]:
    """Write each sensor's objects as a CSV file; return the names, and what was not written."""
    odd = 0
    with ExitStack() as stack:
        tables = _SensorTables(folder, stack)
        try:
            for entry in _entries(path.read_text(encoding="utf-8-sig", errors="replace")):
                odd += not tables.write(entry)
        except OSError as error:
            return [], f"cannot be read: {error.strerror}"
        except RecursionError:
            return _names(tables.writers), "is nested too deep; what lies before is read"
        except json.JSONDecodeError as error:
            cut = f"is no JSON from line {error.lineno} column {error.colno} on"
            return _names(tables.writers), f"{cut}; what lies before is read"
    return _names(tables.writers), f"entries that name no sensor: {odd}" if odd else None


def _names(sensors: Iterable[str]) -> list[str]:
    return sorted(f"{sensor}.csv" for sensor in sensors)


def _entries(text: str) -> Iterator[Any]:
    """Yield the elements of an array one by one, so that they are never in memory together."""
    decoder = json.JSONDecoder()
    place = _after(text, 0)
    while place < len(text):
        entry, place = decoder.raw_decode(text, place)
        yield entry
        place = _after(text, place)


def _after(text: str, place: int) -> int:
    match = _BETWEEN.match(text, place)
    return place if match is None else match.end()
