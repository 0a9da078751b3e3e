"""How many windows of the demo agree with the simulator's ground truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass
class Score:
    """The number of windows of a row that agree with the truth."""

    right: int = 0
    total: int = 0
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, truths: Sequence[str], label: str) -> bool:
        """Count one window and return whether it is right; a window without truth is neither."""
        if not truths:
            return False
        self.total += 1
        right = label in truths
        self.right += right
        if not right:
            self.confusions[" + ".join(truths), label] += 1
        return right

    def __str__(self) -> str:
        share = self.right / self.total if self.total else 0.0
        return f"{self.right} of {self.total} right ({share:.0%})"
