"""Skipped rows of a file: counts by kind, and the first of them by line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_EXAMPLES = 20
_MAX_TEXT = 60


@dataclass
class SkippedRows:
    """One file's skipped rows: counts by kind, and up to `MAX_EXAMPLES` as `line 702: ...`."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    def add(
        self, kind: str, line: int | None, text: str = "", count: int = 1, unit: str = "line"
    ) -> None:
        """Count `count` rows of one kind; `line` (from 1) is the first of them, if known.

        `unit` is what `line` counts in files without lines: rows of an array, entries of a list.
        """
        if not count:
            return
        self.counts[kind] = self.counts.get(kind, 0) + count
        if line is not None and len(self.examples) < MAX_EXAMPLES:
            what = f"{kind}: {text[:_MAX_TEXT]}" if text else kind
            self.examples.append(f"{unit} {line}: {what}")

    @property
    def total(self) -> int:
        """Rows left out, all kinds together."""
        return sum(self.counts.values())

    def __str__(self) -> str:
        return by_kind(self.counts, self.examples)


def by_kind(counts: Mapping[str, int], examples: Sequence[str] = ()) -> str:
    """Return `3 cut, 1 not finite (line 702: cut: 1,2)`: the counts and the first example."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    return f"{kinds} ({examples[0]})" if examples else kinds
