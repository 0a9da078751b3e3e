"""Training on one data set and recognising the activities of another (LanHAR §4.2, §4.3, §4.5).

Labels of the target are read for scoring only, except by the baseline that the paper fine-tunes on
a few of them; nothing is selected, and all durations are fixed. Candidates are the classes that
both files have; for new activities, all labels of the target and those classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.lanhar.vocabulary import embed_labels
from models.research.lanhar.baselines.unseen import among_new
from models.research.lanhar.evaluation.baseline_figures import Baselines, with_baseline
from models.research.lanhar.evaluation.evaluation_settings import EvaluationSettings
from models.research.lanhar.evaluation.shared_classes import DataSetPair, NewActivities
from models.research.lanhar.training.scores import scores_with_categories
from models.research.lanhar.training.transfer import Interpreted, fit, fit_open, interpret

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.lanhar.activity_names import Classes
    from models.research.lanhar.interpretation.windows import Windows
    from models.research.lib.tables import Figures


def evaluate(
    source: Windows,
    target: Windows,
    label_set: Classes,
    seed: int,
    settings: EvaluationSettings = EvaluationSettings(),  # noqa: B008
    report_progress: Callable[[str], None] = lambda _line: None,
) -> Figures:
    """Return the figures of one run; raises `EvaluationError` where no class is shared."""
    pair = DataSetPair.of(source, target, label_set)
    figures = evaluate_lanhar(pair, seed, settings, report_progress)
    baselines = Baselines(pair, seed, settings)
    for name in settings.chosen_baselines():
        found = baselines.figures(name)
        if found:
            report_progress(f"{name}: {found}")
        figures = with_baseline(figures, name, found)
    return figures


def evaluate_lanhar(
    pair: DataSetPair,
    seed: int,
    settings: EvaluationSettings,
    report_progress: Callable[[str], None] = lambda _line: None,
) -> Figures:
    """Return LanHAR's own figures of one run, with empty tables of baselines."""
    source, target, true = pair.source_of_shared_classes(), pair.target, pair.true()
    report_progress(f"{source.name} to {target.name}: {', '.join(pair.names)}")
    read = interpret(source, seed, settings.transfer.upright)
    seen = interpret(target, seed + 1, settings.transfer.upright)
    known = seen.where(pair.shared)
    report_progress(f"interpreted {len(source)} and {len(target)} windows")
    fitted = fit(read, known, pair.label_set, seed, settings.transfer, settings.text())
    figures: Figures = {**scores_with_categories(true, fitted.recognise(known))}
    report_progress(f"LanHAR: {figures}")
    figures["baselines"] = {}
    figures["new_activities"] = None
    if settings.with_new and (activities := pair.new_activities()) is not None:
        figures["new_activities"] = _new(read, seen, activities, seed, settings)
        report_progress(f"LanHAR, new activities: {figures['new_activities']}")
    return figures


def _new(
    source: Interpreted,
    target: Interpreted,
    activities: NewActivities,
    seed: int,
    settings: EvaluationSettings,
) -> Figures:
    """Recognise the new activities among all candidates."""
    new, candidates = activities.new, activities.candidates
    fitted = fit_open(source, target, seed, settings.transfer, settings.text())
    likeness = fitted.likeness(target.where(new), embed_labels(fitted.text, candidates))
    true = activities.index[new]
    return {
        "accuracy": round(float(np.mean(likeness.argmax(axis=1) == true)), 4),
        "chance": round(1 / len(candidates), 4),
        "accuracy_among_new": round(among_new(true, likeness), 4),
        "chance_among_new": round(1 / len(np.unique(true)), 4),
        "baselines": {},
    }
