"""What a baseline reaches from one data set to another (LanHAR §4.1.3).

No baseline depends on LanHAR's sensor encoder or on another baseline, so each is run by itself.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.lanhar.activity_names import in_set
from models.lanhar.vocabulary import embed_labels
from models.research.lanhar.baselines.forest import forest
from models.research.lanhar.baselines.hargpt import hargpt
from models.research.lanhar.baselines.learning import NETWORKS, Task
from models.research.lanhar.baselines.unseen import Unseen, unseen
from models.research.lanhar.evaluation.evaluation_settings import HARGPT
from models.research.lanhar.training.scores import accuracy, scores
from models.research.lanhar.training.transfer import train_text_on_descriptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.lanhar.text_encoder import TextEncoder
    from models.research.lanhar.evaluation.evaluation_settings import EvaluationSettings
    from models.research.lanhar.evaluation.shared_classes import DataSetPair, NewActivities
    from models.research.lanhar.interpretation.windows import Windows
    from models.research.lib.tables import Figures

KNOWN, NEW = "known", "new"


class Baselines:
    """Runs the baselines of a pair of data sets by one seed."""

    def __init__(self, pair: DataSetPair, seed: int, settings: EvaluationSettings) -> None:
        self._pair = pair
        self._seed = seed
        self._settings = settings
        self._new = pair.new_activities() if settings.with_new else None

    def figures(self, name: str) -> Figures:
        """Train one of `BASELINES` and return its figures.

        `known` are those of the shared classes, `new` those of activities in none; either is left
        out where the baseline or the target has none.
        """
        figures: Figures = {}
        if (predicted := self._predicted(name)) is not None:
            figures[KNOWN] = scores(self._pair.true(), predicted)
        if self._new is not None and (found := self._of_new(name, self._new)) is not None:
            figures[NEW] = {key: round(value, 4) for key, value in found.items()}
        return figures

    def _predicted(self, name: str) -> NDArray[np.str_] | None:
        names = self._pair.names
        target = self._pair.target.where(self._pair.shared)
        if name == HARGPT:
            return self._asked(target, names)
        task = self._task(self._pair.source_of_shared_classes(), target, names)
        if name == "random_forest":
            source, label = task.source.numpy(), task.label.numpy()
            return _named(forest(source, label, task.target.numpy(), task.seed), names)
        return _named(NETWORKS[name](task), names) if name in NETWORKS else None

    def _of_new(self, name: str, activities: NewActivities) -> dict[str, float] | None:
        if name == HARGPT:
            windows = self._pair.target.where(activities.new)
            guesses = self._asked(windows, activities.candidates)
            return None if guesses is None else {"accuracy": accuracy(windows.label, guesses)}
        return unseen(self._unseen)[name]()

    def _asked(self, windows: Windows, names: Sequence[str]) -> NDArray[np.str_] | None:
        endpoint = self._settings.endpoint
        return None if endpoint is None else _named(hargpt(windows, names, endpoint), names)

    @cached_property
    def _text(self) -> TextEncoder:
        text = self._settings.text()
        train_text_on_descriptions(text, self._seed, self._settings.transfer.text)
        return text

    @cached_property
    def _unseen(self) -> Unseen:
        if self._new is None:
            raise ValueError(f"{self._pair.target.name} has no new activities")
        known = self._pair.source_classes()
        return Unseen(
            self._task(self._pair.source_of_any_class(), self._pair.target, known),
            known,
            self._new.candidates,
            embed_labels(self._text, known).vectors,
            embed_labels(self._text, self._new.candidates).vectors,
            self._new.new,
            self._new.index,
        )

    def _task(self, source: Windows, target: Windows, names: Sequence[str]) -> Task:
        named = in_set(source.label, self._pair.label_set)[1]
        return Task(
            torch.from_numpy(source.data),
            torch.tensor([names.index(str(name)) for name in named]),
            torch.from_numpy(target.data),
            len(names),
            self._seed,
            self._settings.baselines,
        )


def _named(predicted: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.str_]:
    return np.array([*names, ""], dtype=np.str_)[predicted]


def with_baseline(figures: Figures, name: str, found: Figures) -> Figures:
    """Return LanHAR's figures with those that `Baselines.figures` found of a baseline."""
    figures = {**figures, "baselines": dict(figures.get("baselines") or {})}
    if KNOWN in found:
        figures["baselines"][name] = found[KNOWN]
    if figures["new_activities"] is not None and NEW in found:
        new = figures["new_activities"]
        figures["new_activities"] = {**new, "baselines": {**new["baselines"], name: found[NEW]}}
    return figures
