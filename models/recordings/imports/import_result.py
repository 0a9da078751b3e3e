"""What an import found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.recordings.imports.recording import ImportedRecording


@dataclass
class Import:
    """The content of PATH.

    `skipped` are (file below PATH, reason); `rows_left_out` counts rows by kind, the first
    of which `examples` names.
    """

    recordings: list[ImportedRecording] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    rows_left_out: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    def leave_out_rows(self, kind: str, count: int) -> None:
        """Count rows that are not used."""
        self.rows_left_out[kind] = self.rows_left_out.get(kind, 0) + count
