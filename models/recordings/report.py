"""What a data set's reader left out: absent files, unusable files, malformed rows, all counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class BadRows:
    """Rows of one file that were left out, by reason, and the first of them."""

    count: int
    first: str


@dataclass
class SetReport:
    """Filled while a data set is opened and read; one bad row or file never ends the reading.

    `absent` are the files that the labels name and the disk lacks, `skipped` those that cannot be
    used and why, `rows` the malformed rows (or entries of a JSON file) by file.
    """

    absent: list[Path] = field(default_factory=list)
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    rows: dict[Path, BadRows] = field(default_factory=dict)

    def missing(self, path: Path) -> None:
        """Note that `path` does not exist, once."""
        if path not in self.absent:
            self.absent.append(path)

    def skip(self, path: Path, reason: str) -> None:
        """Note that `path` is left out for `reason`."""
        if (path, reason) not in self.skipped:
            self.skipped.append((path, reason))

    def bad_row(self, path: Path, row: int, reason: str, count: int = 1) -> None:
        """Note `count` rows of `path` that are left out; `row` counts from 1 below the header."""
        held = self.rows.get(path)
        if held is None:
            self.rows[path] = BadRows(count, f"row {row}: {reason}")
        else:
            held.count += count

    def read_again(self, path: Path) -> None:
        """Forget the rows of a file that is read from its start, so that none counts twice."""
        self.rows.pop(path, None)

    def lines(self, named: int = 5) -> list[str]:
        """Return one line for each kind of trouble, with counts and the first `named` files."""
        lines = []
        if self.absent:
            names = [path.name for path in self.absent]
            lines.append(f"{_count(len(names), 'file')} absent: {_first(names, named)}")
        if self.skipped:
            texts = [f"{path.name} ({reason})" for path, reason in self.skipped]
            lines.append(f"{_count(len(texts), 'file')} skipped: {_first(texts, named)}")
        if self.rows:
            total = sum(bad.count for bad in self.rows.values())
            texts = [f"{path.name} ({bad.count}; {bad.first})" for path, bad in self.rows.items()]
            lines.append(f"{_count(total, 'malformed row')} left out: {_first(texts, named)}")
        return lines

    def __str__(self) -> str:
        return "; ".join(self.lines())


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _first(names: list[str], named: int) -> str:
    rest = len(names) - named
    return ", ".join(names[:named]) + (f" and {rest} more" if rest > 0 else "")
