from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from models.egolog.familiarity import FAMILIARITY, SCENARIO_FAMILIARITY
from models.research.evaluation.composed_days import abstention
from models.research.evaluation.composed_days.scores import Life, Networks
from tests.models import fresh
from tests.models.research.egolog import synthetic

if TYPE_CHECKING:
    from pathlib import Path

    from models.network.key import Key


def test_risk_is_averaged_over_all_coverages_the_surest_first() -> None:
    confidence = np.array([0.2, 0.9, 0.5, 0.7], np.float32)
    hit = np.array([False, True, True, False])
    # Right, wrong, right, wrong in the order of confidence.
    assert abstention.aurc(confidence, hit) == pytest.approx((0 + 1 / 2 + 1 / 3 + 2 / 4) / 4)
    assert abstention.aurc(confidence, np.ones(4, bool)) == 0


def test_only_right_windows_are_lost_by_saying_unknown() -> None:
    confidence = np.linspace(0.9, 0.1, 40).astype(np.float32)
    hit = np.arange(40) % 4 > 0
    unknown = np.arange(40) >= 32
    scored = abstention.figures(confidence, hit, unknown)
    assert scored["windows"] == 40
    assert scored["accuracy"] == scored["accuracy_known"] == 0.75
    assert (scored["coverage"], scored["lost"]) == (0.8, 0.15)
    # Of the two least sure both are right.
    assert scored["lost_at_95"] == 0.05


def test_without_a_known_window_there_is_no_accuracy() -> None:
    ones = np.ones(2, bool)
    scored = abstention.figures(np.ones(2, np.float32), ones, ones)
    assert (scored["coverage"], scored["accuracy_known"], scored["lost"]) == (0, None, 1)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_what_the_pipeline_calls_unknown_is_not_answered(tmp_path: Path, share: float) -> None:
    registry = fresh.registry(tmp_path)
    encoded = synthetic.encoded(count=4, seconds=90)
    life = Life(None, encoded)  # type: ignore[arg-type]
    networks = Networks.load(registry)
    keys: tuple[Key[Any], ...] = (FAMILIARITY, SCENARIO_FAMILIARITY)
    for key in keys:
        familiarity = registry.load(key).module
        # Sound is there, so that no motion is too strange.
        familiarity.limit.fill_(1e-6)
        familiarity.least_probability.fill_(2 * share)
        registry.save(key, familiarity)
    measured = abstention.measure(registry, replace(networks), life)
    coverages = (measured["coverage"], measured["scenario"]["coverage"])
    assert coverages == ((1, 1) if share == 0 else (0, 0))
    assert measured["windows"] == 4 * 12
    assert measured["scenario"]["windows"] == 4 * 3
