"""Windows ranked as in the stream, and how right that is."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.lanhar.upright import uprights
from models.network.windows import HAR_WINDOW_S
from models.research.lanhar.training.scores import LEVEL, SURE, macro_f1
from models.research.lib import metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.recordings.datasets.labelled_windows import LabelledWindows
    from models.serving.open_vocabulary import Lanhar

Figures = dict[str, Any]
_SHOWN = 3


@dataclass(frozen=True)
class Ranked:
    """Windows that a label in force is right for.

    `right` are those labels, `first` what ranks first and `share` its probability, `alone` what
    would rank first without the windows before, `without_upright` if the wearer's upright were
    unknown, `of_level` the first among `LEVEL`; `known` says where upright is known.
    """

    right: list[list[str]]
    first: list[str]
    share: list[float]
    alone: list[str]
    without_upright: list[str]
    of_level: list[str]
    known: list[bool]

    def true(self, predicted: Sequence[str]) -> list[str]:
        """Return each window's label: what is predicted where that is right, else the first."""
        return [
            one if one in right else right[0]
            for one, right in zip(predicted, self.right, strict=True)
        ]


def ranked(lanhar: Lanhar, windows: LabelledWindows, compared: bool = True) -> Ranked:
    """Rank the windows; unless `compared` nothing else than what the stream ranks first."""
    names = lanhar.shipped.names
    result = Ranked([], [], [], [], [], [], [])
    count = len(windows)
    memory: defaultdict[str, Sequence[float]] = defaultdict(tuple)
    plain_memory: defaultdict[str, Sequence[float]] = defaultdict(tuple)
    for imu, labels, upright, wearer, start_s, position in zip(
        windows.imu,
        windows.names,
        uprights(windows.imu, windows.wearers),
        windows.wearers or ("",) * count,
        windows.starts_s or [HAR_WINDOW_S * number for number in range(count)],
        windows.positions or (None,) * count,
        strict=True,
    ):
        cosine = upright.cosine(imu)
        pairs, memory[wearer] = lanhar.rank_next(
            imu, lanhar.shipped, cosine, memory[wearer], start_s, position
        )
        first = plain = pairs[0][0]
        if compared:
            plainly, plain_memory[wearer] = lanhar.rank_next(
                imu, lanhar.shipped, None, plain_memory[wearer], start_s, position
            )
            plain = plainly[0][0]
        right = sorted(labels & set(names))
        if not right:
            continue
        result.right.append(right)
        result.first.append(first)
        result.share.append(pairs[0][1])
        result.known.append(cosine is not None)
        result.of_level.append(next((name for name, _ in pairs if name in LEVEL), first))
        if compared:
            result.without_upright.append(plain)
            result.alone.append(lanhar.rank(imu, lanhar.shipped, cosine)[0][0])
    return result


def f1(predicted: Sequence[str], true: Sequence[str]) -> float | None:
    """Return the macro-F1 over the labels that are true, None where there is no window."""
    if not true:
        return None
    return macro_f1(np.array(true), np.array(predicted))


def figures(windows: LabelledWindows, found: Ranked) -> Figures:
    """Return macro-F1 with and without upright, that of `LEVEL`, and each label's own."""
    true = found.true(found.first)
    labels = {}
    for label in sorted(set(true)):
        named = [one for one, of in zip(found.first, true, strict=True) if of == label]
        hits, claimed = named.count(label), found.first.count(label)
        missed = Counter(name for name in named if name != label)
        labels[label] = {
            "windows": len(named),
            "f1": 2 * hits / (len(named) + claimed),
            "taken_for": {name: count / len(named) for name, count in missed.most_common(_SHOWN)},
        }
    level = [at for at, right in enumerate(found.right) if set(right) & set(LEVEL)]
    of_level = [[name for name in found.right[at] if name in LEVEL] for at in level]
    among_all, among_level = ([of[at] for at in level] for of in (found.first, found.of_level))
    return {
        "users": len(set(windows.wearers)),
        "windows": len(true),
        "upright_known": float(np.mean(found.known)) if found.known else None,
        "macro_f1": f1(found.first, true),
        "macro_f1_alone": f1(found.alone, found.true(found.alone)),
        "macro_f1_without_upright": f1(found.without_upright, found.true(found.without_upright)),
        "calibration_error": calibration_error(found),
        "confidently_wrong": confidently_wrong(found),
        "level_macro_f1": f1(among_all, _true(among_all, of_level)),
        "level_macro_f1_among_three": f1(among_level, _true(among_level, of_level)),
        "labels": labels,
    }


def calibration_error(found: Ranked) -> float | None:
    """Return by how much the first label's probability misses how often it is right, in tenths."""
    if not found.first:
        return None
    return metrics.calibration_error(np.array(found.share), _hit(found))


def confidently_wrong(found: Ranked) -> float | None:
    """Return the share of windows whose first label is as likely as `SURE`, and wrong."""
    if not found.first:
        return None
    sure = np.array(found.share) >= SURE
    return float((sure & ~_hit(found)).mean())


def _hit(found: Ranked) -> NDArray[np.bool_]:
    return np.array([one in right for one, right in zip(found.first, found.right, strict=True)])


def _true(predicted: Sequence[str], right: Sequence[Sequence[str]]) -> list[str]:
    return [one if one in of else of[0] for one, of in zip(predicted, right, strict=True)]
