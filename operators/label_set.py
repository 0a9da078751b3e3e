"""The active labels: those of the weights, with the changes of the topic."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

import numpy as np

from schemas.labels import ActivityLabel, label_key

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

REVISION_DIGITS = 12
State = Literal["shipped", "added", "removed", "other weights"]


@dataclass(frozen=True)
class Vocabulary:
    """The active labels at one moment: `vectors` (K, D) float32, unit, in the order of `names`.

    Those in `described` were added, so they have no readings. `revision` is a function of the
    names, the vectors and the added labels alone: two workers with the same labels have the same
    revision, whatever the order of the changes.
    """

    names: tuple[str, ...]
    vectors: NDArray[np.float32]
    revision: str
    described: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        labels: Mapping[str, NDArray[np.float32]],
        size: int,
        described: Collection[str] = (),
    ) -> Vocabulary:
        """Return the vocabulary of `labels`, vectors of `size` numbers by name."""
        names = tuple(sorted(labels, key=label_key))
        vectors = np.zeros((len(names), size), dtype=np.float32)
        for row, name in enumerate(names):
            vectors[row] = labels[name]
        digest = sha256("\0".join(names).encode() + vectors.astype("<f4").tobytes())
        digest.update("\0".join(name for name in names if name in described).encode())
        return cls(names, vectors, digest.hexdigest()[:REVISION_DIGITS], frozenset(described))


class LabelSet:
    """Applies the topic's changes to the shipped labels.

    `shipped` are unit vectors (D,) by name, and `revision` is that of their weights: labels in the
    topic of other weights are kept, shown as `other weights`, and never ranked.
    """

    def __init__(self, shipped: Mapping[str, NDArray[np.float32]], revision: str) -> None:
        self._shipped = {label_key(name): (name, vector) for name, vector in shipped.items()}
        self._size = len(next(iter(shipped.values()))) if shipped else 0
        self._changes: dict[str, ActivityLabel] = {}
        self.revision = revision

    def push(self, key: str, change: ActivityLabel | None) -> None:
        """Apply the newest value of a key; None is a tombstone."""
        if change is None:
            self._changes.pop(key, None)
        else:
            self._changes[key] = change

    def vocabulary(self) -> Vocabulary:
        """Return the labels among which windows are ranked from now on."""
        labels: dict[str, NDArray[np.float32]] = {}
        described: set[str] = set()
        for key, (name, vector) in self._shipped.items():
            if self.state(key) == "shipped":
                labels[name] = vector
        for key, change in self._changes.items():
            if self.state(key) == "added" and change.vector is not None:
                labels[change.name] = change.vector.array()
                described.add(change.name)
        return Vocabulary.of(labels, self._size, described)

    def state(self, key: str) -> State | None:
        """Return why a label is active or not, None if it is unknown."""
        change = self._changes.get(key)
        if change is None:
            return "shipped" if key in self._shipped else None
        if change.vector is None:
            return "removed"
        if change.revision == self.revision and change.vector.shape == [self._size]:
            return "added"
        return "shipped" if key in self._shipped else "other weights"

    def states(self) -> dict[str, State]:
        """Return the state of every label by name, in alphabetical order."""
        names = {key: name for key, (name, _) in self._shipped.items()}
        names |= {key: change.name for key, change in self._changes.items()}
        states = {names[key]: self.state(key) for key in sorted(names)}
        return {name: state for name, state in states.items() if state is not None}

    def name(self, key: str) -> str:
        """Return the canonical name of a label; raises `KeyError` if it is unknown."""
        change = self._changes.get(key)
        return self._shipped[key][0] if change is None else change.name

    def change(self, key: str) -> ActivityLabel | None:
        """Return the topic's newest change of a label."""
        return self._changes.get(key)

    def is_shipped(self, key: str) -> bool:
        """Return whether the weights know this label, removed or not."""
        return key in self._shipped
