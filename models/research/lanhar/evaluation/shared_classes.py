"""Two data sets and the classes that both have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.lanhar import descriptions
from models.lanhar.activity_names import Classes, classes, in_set
from models.research.lanhar.interpretation.windows import Windows, WindowsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class EvaluationError(WindowsError):
    """Two files cannot be compared; the text says what would be needed."""


@dataclass(frozen=True)
class NewActivities:
    """Activities of a target that are in no class.

    `candidates` are the labels to choose among: all that the target has, and the shared classes.
    `new` (M,) marks the target's windows of new activities; `index` (M,) is the label of each
    window among the candidates, -1 where it is none.
    """

    candidates: tuple[str, ...]
    new: NDArray[np.bool_]
    index: NDArray[np.int64]


@dataclass(frozen=True)
class DataSetPair:
    """A labelled source and a target of M windows.

    `names` are the classes of `label_set` that both have; `shared` (M,) marks the target's windows
    of those.
    """

    source: Windows
    target: Windows
    label_set: Classes
    names: tuple[str, ...]
    shared: NDArray[np.bool_]

    @classmethod
    def of(cls, source: Windows, target: Windows, label_set: Classes) -> DataSetPair:
        """Return the pair; raises `EvaluationError` where fewer than two classes are shared."""
        there = [set(_classes_of(windows, label_set)) for windows in (source, target)]
        names = tuple(name for name in classes(label_set) if name in there[0] & there[1])
        if len(names) < 2:
            raise EvaluationError(
                f"{source.name} and {target.name} share {len(names)} classes of label set "
                f"{label_set!r}; expected 2 or more of {', '.join(classes(label_set))}"
            )
        return cls(source, target, label_set, names, _among(target, label_set, names))

    def source_of_shared_classes(self) -> Windows:
        """Return the source's windows of the classes that both have."""
        return self.source.where(_among(self.source, self.label_set, self.names))

    def source_of_any_class(self) -> Windows:
        """Return the source's windows of every class, also those that the target lacks."""
        return self.source.where(in_set(self.source.label, self.label_set)[0])

    def source_classes(self) -> tuple[str, ...]:
        """Return the classes of the source, in the label set's order."""
        there = set(_classes_of(self.source, self.label_set))
        return tuple(name for name in classes(self.label_set) if name in there)

    def true(self) -> NDArray[np.str_]:
        """Return the classes of the target's windows of shared classes."""
        return in_set(self.target.label[self.shared], self.label_set)[1]

    def new_activities(self) -> NewActivities | None:
        """Return the target's described activities that are in no class, None if there are none."""
        described = set(descriptions.labels())
        labels = self.target.label
        own = sorted({str(label) for label in labels} & described)
        new = ~in_set(labels, self.label_set)[0] & np.isin(labels, own)
        if not new.any():
            return None
        candidates = tuple(sorted({*own, *self.names} & described))
        places = {name: place for place, name in enumerate(candidates)}
        index = np.array([places.get(str(label), -1) for label in labels], dtype=np.int64)
        return NewActivities(candidates, new, index)


def _classes_of(windows: Windows, label_set: Classes) -> list[str]:
    named: list[str] = in_set(windows.label, label_set)[1].tolist()
    return named


def _among(windows: Windows, label_set: Classes, names: Sequence[str]) -> NDArray[np.bool_]:
    inside, named = in_set(windows.label, label_set)
    chosen = inside.copy()
    chosen[inside] = np.isin(named, names)
    return chosen
