from __future__ import annotations

import numpy as np
import pytest

from models.recordings.datasets.labelled_windows import LabelledWindows, names_of
from models.research.evaluation.motion.confidence import (
    BOUND,
    Scores,
    WindowShares,
    best,
    score_confidences,
)

NAMES = ("walking", "sitting")


def shown(walks: float, *, judged: bool = True) -> tuple[LabelledWindows, WindowShares]:
    """Return 20 windows of a wearer who sits, each said to walk with probability `walks`."""
    count = 20
    windows = LabelledWindows(
        np.zeros((count, 250, 6), np.float32),
        ("sitting",) * count,
        (names_of("sitting"),) * count,
        wearers=("a",) * count,
        starts_s=tuple(5.0 * number for number in range(count)),
        positions=(None,) * count,
    )
    shares = np.tile([walks, 1 - walks], (count, 1))
    right = np.tile([False, True], (count, 1))
    return windows, WindowShares(shares, right, np.full(count, judged))


def test_who_is_wrong_is_sure_of_it_at_a_high_confidence_alone() -> None:
    low, high = score_confidences(NAMES, *shown(0.9), (0.0, 4.0))
    assert (low.confidence, high.confidence) == (0.0, 4.0)
    assert high.wrong == 1
    assert high.calibration_error > 0.9
    assert low.calibration_error == pytest.approx(0.5, abs=0.01)


def test_what_is_not_judged_is_never_wrong() -> None:
    windows, unjudged = shown(0.9, judged=False)
    judged = unjudged.judged.copy()
    judged[0] = True
    part = WindowShares(unjudged.shares, unjudged.right, judged)
    [row] = score_confidences(NAMES, windows, part, (4.0,))
    assert row.wrong == pytest.approx(1 / 20)


def test_the_best_is_the_best_calibrated_of_those_that_are_wrong_seldom_enough() -> None:
    rows = [Scores(0.5, 0.2, 0.01), Scores(1.0, 0.1, BOUND), Scores(1.5, 0.05, BOUND + 0.01)]
    assert best(rows).confidence == 1.0
    assert best([*rows[2:], Scores(2.0, 0.01, 0.5)]).confidence == 1.5
