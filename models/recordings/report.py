"""The report of a data set's reader: counts of absent files, unusable files and skipped rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from models.recordings.skipped_rows import SkippedRows

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class SetReport:
    """Filled while a data set is read, which does not stop at a bad row or file.

    `absent` are missing files that the labels name, `skipped` unusable files with reasons, `rows`
    the skipped rows (or JSON entries) by file.
    """

    absent: list[Path] = field(default_factory=list)
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    rows: dict[Path, SkippedRows] = field(default_factory=dict)

    def missing(self, path: Path) -> None:
        """Record once that `path` does not exist."""
        if path not in self.absent:
            self.absent.append(path)

    def skip(self, path: Path, reason: str) -> None:
        """Record that `path` is skipped for `reason`."""
        if (path, reason) not in self.skipped:
            self.skipped.append((path, reason))

    def left_out(self, path: Path) -> SkippedRows:
        """Return the skipped rows of `path`, to add to."""
        return self.rows.setdefault(path, SkippedRows())

    def bad_row(
        self, path: Path, line: int, kind: str, text: str = "", count: int = 1, unit: str = "line"
    ) -> None:
        """Record `count` skipped rows of `path`; arguments as for `SkippedRows.add`."""
        self.left_out(path).add(kind, line, text, count, unit)

    def read_again(self, path: Path) -> None:
        """Reset the skipped rows of a file that is read again, so that none counts twice."""
        self.rows.pop(path, None)

    def lines(self, named: int = 5) -> list[str]:
        """Return one line per kind of problem, with counts and the first `named` files."""
        lines = []
        if self.absent:
            names = [path.name for path in self.absent]
            lines.append(f"{_count(len(names), 'file')} absent: {_first(names, named)}")
        if self.skipped:
            texts = [f"{path.name} ({reason})" for path, reason in self.skipped]
            lines.append(f"{_count(len(texts), 'file')} skipped: {_first(texts, named)}")
        rows = {path: rows for path, rows in self.rows.items() if rows.counts}
        if rows:
            total = sum(left_out.total for left_out in rows.values())
            texts = [f"{path.name}: {left_out}" for path, left_out in rows.items()]
            lines.append(f"{_count(total, 'row')} left out: {_first(texts, named)}")
        return lines

    def __str__(self) -> str:
        return "; ".join(self.lines())


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _first(names: list[str], named: int) -> str:
    rest = len(names) - named
    return ", ".join(names[:named]) + (f" and {rest} more" if rest > 0 else "")
