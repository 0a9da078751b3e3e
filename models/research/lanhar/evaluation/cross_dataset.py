"""Training on one data set and recognising the activities of another (LanHAR §4.2, §4.3, §4.5).

Labels of the target are read for scoring only, except by the baseline that the paper fine-tunes on
a few of them; nothing is selected, and all durations are fixed. Candidates are the classes that
both files have; for new activities, all labels of the target and those classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from models.lanhar import descriptions
from models.lanhar.activity_names import Classes, classes, in_set
from models.lanhar.vocabulary import embed_labels
from models.research.lanhar.baselines.forest import forest
from models.research.lanhar.baselines.hargpt import hargpt
from models.research.lanhar.baselines.learning import NETWORKS, BaselineSettings, Task
from models.research.lanhar.baselines.unseen import Unseen, among_new, unseen
from models.research.lanhar.training.distil import word_encoder
from models.research.lanhar.training.scores import accuracy, category_macro_f1, macro_f1
from models.research.lanhar.training.transfer import (
    Interpreted,
    TransferModel,
    TransferSettings,
    fit,
    fit_open,
    interpret,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from models.lanhar.text_encoder import TextEncoder
    from models.research.lanhar.interpretation.llm_batch import LlmBatch
    from models.research.lanhar.interpretation.windows import Windows

Figures = dict[str, Any]

BASELINES = ("random_forest", *NETWORKS, "nuactiv", "dcnn_fine_tuned", "hargpt")


class EvaluationError(ValueError):
    """Two files cannot be compared; the text says what would be needed."""


@dataclass(frozen=True)
class EvaluationSettings:
    """What is trained beside LanHAR, and how long; `only` are the baselines to run, () for all."""

    transfer: TransferSettings = field(default_factory=TransferSettings)
    baselines: BaselineSettings = field(default_factory=BaselineSettings)
    with_baselines: bool = True
    only: tuple[str, ...] = ()
    with_new: bool = True
    endpoint: LlmBatch | None = None
    text: Callable[[], TextEncoder] = word_encoder

    def quick(self) -> EvaluationSettings:
        """Return the same with a quarter of all steps."""
        return self.shorter(0.25)

    def shorter(self, share: float) -> EvaluationSettings:
        """Return the same with a share of all steps."""
        b = self.baselines
        return replace(
            self,
            transfer=self.transfer.shorter(share),
            baselines=replace(
                b, steps=int(b.steps * share), pretraining=int(b.pretraining * share)
            ),
        )

    def runs(self, baseline: str) -> bool:
        """Say whether a baseline is to be run."""
        return not self.only or baseline in self.only


def evaluate(
    source: Windows,
    target: Windows,
    label_set: Classes,
    seed: int,
    settings: EvaluationSettings = EvaluationSettings(),
    report_progress: Callable[[str], None] = lambda _line: None,
) -> Figures:
    """Return the figures of one run; raises `EvaluationError` where no class is shared."""
    names = _shared(source, target, label_set)
    labelled = source.where(in_set(source.label, label_set)[0])
    source = source.where(_among(source, label_set, names)[0])
    inside, true = _among(target, label_set, names)
    report_progress(f"{source.name} to {target.name}: {', '.join(names)}")
    read = interpret(source, seed, settings.transfer.upright)
    seen = interpret(target, seed + 1, settings.transfer.upright)
    known = seen.where(inside)
    report_progress(f"interpreted {len(source)} and {len(target)} windows")
    fitted = fit(read, known, label_set, seed, settings.transfer, settings.text())
    predicted = fitted.recognise(known)
    figures: Figures = _scores(true, predicted)
    figures["category_macro_f1"] = round(category_macro_f1(true, predicted), 4)
    report_progress(f"LanHAR: {figures}")
    figures["baselines"] = {}
    if settings.with_baselines:
        task = _task(source, target.where(inside), label_set, names, seed, settings.baselines)
        runs = _baselines(task, target.where(inside), names, settings.endpoint)
        for name, run in runs.items():
            if not settings.runs(name):
                continue
            figures["baselines"][name] = _scores(true, _named(run(), names))
            report_progress(f"{name}: {figures['baselines'][name]}")
    figures["new_activities"] = None
    if settings.with_new:
        figures["new_activities"] = _new(read, seen, labelled, names, label_set, seed, settings)
        report_progress(f"new activities: {figures['new_activities']}")
    return figures


def _shared(source: Windows, target: Windows, label_set: Classes) -> tuple[str, ...]:
    there = [set(in_set(windows.label, label_set)[1].tolist()) for windows in (source, target)]
    names = tuple(name for name in classes(label_set) if name in there[0] & there[1])
    if len(names) < 2:
        raise EvaluationError(
            f"{source.name} and {target.name} share {len(names)} classes of label set "
            f"{label_set!r}; expected 2 or more of {', '.join(classes(label_set))}"
        )
    return names


def _among(
    windows: Windows, label_set: Classes, names: Sequence[str]
) -> tuple[NDArray[np.bool_], NDArray[np.str_]]:
    inside, named = in_set(windows.label, label_set)
    shared = np.isin(named, names)
    chosen = inside.copy()
    chosen[inside] = shared
    return chosen, named[shared]


def _scores(true: NDArray[np.str_], predicted: NDArray[np.str_]) -> Figures:
    return {
        "accuracy": round(accuracy(true, predicted), 4),
        "macro_f1": round(macro_f1(true, predicted), 4),
    }


def _named(predicted: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.str_]:
    return np.array([*names, ""], dtype=np.str_)[predicted]


def _task(
    source: Windows,
    target: Windows,
    label_set: Classes,
    names: Sequence[str],
    seed: int,
    settings: BaselineSettings,
) -> Task:
    named = in_set(source.label, label_set)[1]
    return Task(
        torch.from_numpy(source.data),
        torch.tensor([names.index(str(name)) for name in named]),
        torch.from_numpy(target.data),
        len(names),
        seed,
        settings,
    )


def _baselines(
    task: Task, target: Windows, names: Sequence[str], endpoint: LlmBatch | None
) -> dict[str, Callable[[], NDArray[np.int64]]]:
    runs: dict[str, Callable[[], NDArray[np.int64]]] = {
        "random_forest": lambda: forest(
            task.source.numpy(), task.label.numpy(), task.target.numpy(), task.seed
        )
    }
    for name, network in NETWORKS.items():
        runs[name] = lambda network=network: network(task)  # type: ignore[misc]
    if endpoint is not None:
        runs["hargpt"] = lambda: hargpt(target, names, endpoint)
    return runs


def _new(
    source: Interpreted,
    target: Interpreted,
    labelled: Windows,
    names: Sequence[str],
    label_set: Classes,
    seed: int,
    settings: EvaluationSettings,
) -> Figures | None:
    """Recognise activities of the target that are in no class, among all labels.

    `labelled` are the source's readings of every class, also those that the target lacks.
    """
    described = set(descriptions.labels())
    labels = target.windows.label
    own = sorted({str(label) for label in labels} & described)
    inside = in_set(labels, label_set)[0]
    new = ~inside & np.isin(labels, own)
    if not new.any():
        return None
    candidates = sorted({*own, *names} & described)
    fitted = fit_open(source, target, seed, settings.transfer, settings.text())
    scores = fitted.likeness(target.where(new), embed_labels(fitted.text, candidates))
    places = {name: place for place, name in enumerate(candidates)}
    true = np.array([places[str(label)] for label in labels[new]])
    figures: Figures = {
        "accuracy": round(float(np.mean(scores.argmax(axis=1) == true)), 4),
        "chance": round(1 / len(candidates), 4),
        "accuracy_among_new": round(among_new(true, scores), 4),
        "chance_among_new": round(1 / len(np.unique(true)), 4),
        "baselines": {},
    }
    if settings.with_baselines:
        given = _unseen(
            labelled, target.windows, new, fitted, candidates, label_set, seed, settings
        )
        for name, run in unseen(given).items():
            if settings.runs(name):
                figures["baselines"][name] = {key: round(value, 4) for key, value in run().items()}
        if settings.endpoint is not None and settings.runs("hargpt"):
            chosen = target.windows.where(new)
            guesses = _named(hargpt(chosen, candidates, settings.endpoint), candidates)
            figures["baselines"]["hargpt"] = {"accuracy": round(accuracy(chosen.label, guesses), 4)}
    return figures


def _unseen(
    labelled: Windows,
    target: Windows,
    new: NDArray[np.bool_],
    fitted: TransferModel,
    candidates: Sequence[str],
    label_set: Classes,
    seed: int,
    settings: EvaluationSettings,
) -> Unseen:
    there = set(in_set(labelled.label, label_set)[1].tolist())
    known = tuple(name for name in classes(label_set) if name in there)
    places = {name: place for place, name in enumerate(candidates)}
    return Unseen(
        _task(labelled, target, label_set, known, seed, settings.baselines),
        known,
        tuple(candidates),
        embed_labels(fitted.text, known).vectors,
        embed_labels(fitted.text, candidates).vectors,
        new,
        np.array([places.get(str(label), -1) for label in target.label], dtype=np.int64),
    )
