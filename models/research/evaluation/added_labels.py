"""Evaluation of labels added by description only, for each activity, with the shipped networks.

An activity is removed from the active labels and added again as by `labels add`: with the vector
of its texts and the margin of a label without readings. `recall` is the share of its windows that
are then recognised as it, `claimed` the same share of all other windows. The sensor encoder was
trained on readings of those marked `trained`; `models.research.lanhar.training.withheld` evaluates
activities that it was not trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.lanhar.label_table import LANHAR_LABELS
from models.lanhar.vocabulary import LabelEmbeddings
from models.recordings.datasets.labelled_windows import read
from models.recordings.protocol import RecordingError
from models.research.lib.measured_motion import motion_files
from models.serving.lanhar_loading import open_lanhar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.recordings.datasets.labelled_windows import LabelledWindows
    from models.serving.open_vocabulary import Lanhar
    from models.serving.registry import Registry

Figures = dict[str, Any]

MOST = 25
"""Maximum number of windows per label and file, evenly spaced."""
LEAST = 10
"""Minimum number of windows of an activity that is scored."""


@dataclass(frozen=True)
class EmbeddedWindows:
    """Windows as unit vectors (N, 128), and the correct names of each."""

    vectors: NDArray[np.float32]
    names: Sequence[frozenset[str]]


def measure(registry: Registry, folder: Path) -> Figures:
    """Return the figures over every `NAME_50hz.npz` and `NAME_20hz.npz` in `folder`, or nothing."""
    lanhar = open_lanhar(registry)
    if lanhar is None:
        return {}
    vectors: list[NDArray[np.float32]] = []
    names: list[frozenset[str]] = []
    for path in motion_files(folder).values():
        try:
            windows = read(path)
        except RecordingError:
            # `real_motion` reports unusable files.
            continue
        for at in _spread(windows):
            vectors.append(lanhar.vocabulary.embed(windows.imu[at]))
            names.append(windows.names[at])
    if not vectors:
        return {}
    return figures(registry, lanhar, EmbeddedWindows(np.stack(vectors), names))


def figures(registry: Registry, lanhar: Lanhar, windows: EmbeddedWindows) -> Figures:
    """Return recall and claimed share of each described activity that occurs, and their means."""
    described = registry.load(LANHAR_LABELS).module.labels()
    occurring = sorted({name for right in windows.names for name in right})
    by_label = {}
    for name in occurring:
        its = np.array([name in right for right in windows.names])
        if name in described.names and LEAST <= its.sum() < len(its):
            by_label[name] = _of_label(lanhar, described, name, windows.vectors, its)
    if not by_label:
        return {}
    columns = ("recall", "claimed", "recall_without_margin", "claimed_without_margin")
    means = {
        column: float(np.mean([row[column] for row in by_label.values()])) for column in columns
    }
    most = max(row["claimed"] for row in by_label.values())
    return {**means, "claimed_most": most, "labels": by_label}


def _of_label(
    lanhar: Lanhar,
    described: LabelEmbeddings,
    name: str,
    vectors: NDArray[np.float32],
    its: NDArray[np.bool_],
) -> Figures:
    known = lanhar.shipped.only([each for each in lanhar.shipped.names if each != name])
    labels = LabelEmbeddings(
        (*known.names, name), np.concatenate([known.vectors, described.only([name]).vectors])
    )
    readings = vectors.astype(np.float64)
    likeness = readings @ labels.vectors.astype(np.float64).T  # (N, K)
    margins = lanhar.readings.margins(labels.names, labels.vectors, [name])
    ranked = margins.adjust(likeness, readings)
    claims, plainly = (scores.argmax(axis=1) == len(known.names) for scores in (ranked, likeness))
    return {
        "windows": int(its.sum()),
        "trained": name in lanhar.readings.config.learned,
        "recall": float(claims[its].mean()),
        "claimed": float(claims[~its].mean()),
        "recall_without_margin": float(plainly[its].mean()),
        "claimed_without_margin": float(plainly[~its].mean()),
    }


def _spread(windows: LabelledWindows) -> NDArray[np.int64]:
    labels = np.array(windows.labels)
    chosen = []
    for label in np.unique(labels):
        at = np.flatnonzero(labels == label)
        chosen.append(at[np.linspace(0, len(at) - 1, min(MOST, len(at))).round().astype(int)])
    places: NDArray[np.int64] = np.sort(np.concatenate(chosen)) if chosen else np.zeros(0, np.int64)
    return places
