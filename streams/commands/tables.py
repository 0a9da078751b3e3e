"""Tables of text."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, empty: str = "") -> None:
    """Print rows in columns as wide as their widest cell, or `empty` if there are none."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head) - 1)]
    for row in (head, *rows):
        cells = "  ".join(text.ljust(w) for text, w in zip(row, widths, strict=False))
        print(cells, row[-1])
    if empty and not rows:
        print(empty, file=sys.stderr)
