"""What of a folder is skipped, left out or doubtful."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from models.recordings.skipped_rows import by_kind

if TYPE_CHECKING:
    from pathlib import Path

    from models.recordings.imports.motion import MotionFile
    from models.recordings.skipped_rows import SkippedRows


class UnusableFileError(ValueError):
    """A file of a folder cannot be used; the text is the reason in the report."""


@dataclass
class ReadReport:
    """Skipped files and rows, and warnings.

    `skipped` and `warnings` are (path, text) of files; `rows_left_out` counts rows by kind,
    and `examples` names the first of them by line.
    """

    skipped: list[tuple[Path, str]] = field(default_factory=list)
    warnings: list[tuple[Path, str]] = field(default_factory=list)
    rows_left_out: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    def motion(self, motion: MotionFile) -> None:
        """Add the report of a motion file."""
        self.warnings += [(motion.path, text) for text in motion.warnings]
        for kind, count in motion.rows_left_out.items():
            self.rows_left_out[kind] = self.rows_left_out.get(kind, 0) + count
        self.examples += motion.named_examples(motion.path.name)

    def rows(self, path: Path, rows: SkippedRows) -> None:
        """Add the rows that are left out of a table."""
        for kind, count in rows.counts.items():
            self.rows_left_out[kind] = self.rows_left_out.get(kind, 0) + count
        self.examples += [f"{path.name}: {text}" for text in rows.examples]

    def lines(self) -> list[str]:
        """Return a line for each file and one for the rows."""
        lines = [f"skipped {path}: {reason}" for path, reason in self.skipped]
        lines += [f"{path.name}: {text}" for path, text in self.warnings]
        if self.rows_left_out:
            total = sum(self.rows_left_out.values())
            rows = f"{total} row{'' if total == 1 else 's'} left out"
            lines.append(f"{rows}: {by_kind(self.rows_left_out, self.examples)}")
        return lines

    def __str__(self) -> str:
        return "; ".join(f"{path.name}: {reason}" for path, reason in self.skipped)
