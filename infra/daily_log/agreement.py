"""How far a row of the log agrees with labels of the same windows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

UNKNOWN = "unknown"


class LabelAgreement(NamedTuple):
    """One true label: its windows, its recall and precision, and what else they are called."""

    label: str
    windows: int
    recall: float
    precision: float
    mistaken_for: str


class Agreement:
    """Windows by their true and their logged label; upper and lower case are the same."""

    def __init__(self) -> None:
        self._pairs: Counter[tuple[str, str]] = Counter()
        self._spelling: dict[str, str] = {}

    def add(self, truths: Sequence[str], label: str) -> bool:
        """Count a window and return whether it is right.

        Without a truth it is left out, and not right; an empty label is a mistake. A window with
        several true labels counts for the one that the log names, if it is one.
        """
        if not truths:
            return False
        names = [self._spelled(name) for name in truths]
        logged = self._spelled(label or UNKNOWN)
        right = logged in names
        self._pairs[logged if right else names[0], logged] += 1
        return right

    def _spelled(self, name: str) -> str:
        return self._spelling.setdefault(name.casefold(), name)

    def among(self, labels: Collection[str]) -> Agreement:
        """Return the windows whose true label is one of these."""
        known = {name.casefold() for name in labels}
        part = Agreement()
        for pair, count in self._pairs.items():
            if pair[0].casefold() in known:
                part._pairs[pair] = count
        return part

    @property
    def total(self) -> int:
        """The windows with a true label."""
        return self._pairs.total()

    @property
    def right(self) -> int:
        """The windows whose logged label is true."""
        return sum(count for (true, logged), count in self._pairs.items() if true == logged)

    @property
    def macro_f1(self) -> float:
        """Mean over the true labels of each one's F1; 0 without any."""
        labels = {true for true, _ in self._pairs}
        scores = [
            2 * self._pairs[label, label] / (self._true(label) + self._logged(label))
            for label in sorted(labels)
        ]
        return sum(scores) / len(scores) if scores else 0.0

    def labels(self) -> list[LabelAgreement]:
        """Return each true label, the most frequent first."""
        rows = []
        for label in {true for true, _ in self._pairs}:
            hits, logged = self._pairs[label, label], self._logged(label)
            wrong = sorted(
                (-count, other)
                for (true, other), count in self._pairs.items()
                if true == label != other
            )
            rows.append(
                LabelAgreement(
                    label,
                    self._true(label),
                    hits / self._true(label),
                    hits / logged if logged else 0.0,
                    f"{wrong[0][1]} ({-wrong[0][0]})" if wrong else "",
                )
            )
        return sorted(rows, key=lambda row: (-row.windows, row.label.casefold()))

    def _true(self, label: str) -> int:
        return sum(count for (true, _), count in self._pairs.items() if true == label)

    def _logged(self, label: str) -> int:
        return sum(count for (_, logged), count in self._pairs.items() if logged == label)

    def __str__(self) -> str:
        share = self.right / self.total if self.total else 0.0
        return f"{self.right} of {self.total} right ({share:.0%}), macro-F1 {self.macro_f1:.2f}"
