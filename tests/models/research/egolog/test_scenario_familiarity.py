from __future__ import annotations

import numpy as np
import pytest

from models.egolog.scenario import ScenarioNet
from models.research.egolog import scenario as of_scenario
from models.research.egolog import scenario_familiarity
from models.research.egolog.context import TrainingContext
from models.research.egolog.familiarity import FAMILIAR_REAL
from models.research.egolog.recipes import TrainingError
from models.research.egolog.recipes import scenario_familiarity as step
from models.research.egolog.scenario_familiarity import KNOWN_COMPOSED
from tests.models import fresh
from tests.models.research.egolog import synthetic


def test_limits_keep_the_asked_shares_of_validation() -> None:
    encoders, network = fresh.encoders(), ScenarioNet().eval()
    train, check = synthetic.motion(160, seed=1), synthetic.motion(100, seed=2)
    days = of_scenario.cut_windows(synthetic.encoded(count=30), encoders.space)
    fitted = scenario_familiarity.fit(encoders, network, train, check, days)
    windows = scenario_familiarity.segment_features(encoders, check)
    assert windows.shape[:2] == (100, 3)
    familiar = np.array([float(fitted.together(each)) >= 0.5 for each in windows])
    assert familiar.mean() == pytest.approx(FAMILIAR_REAL, abs=0.01)
    far = synthetic.motion(40, seed=3)
    far.imu[...] *= 5
    strange = scenario_familiarity.segment_features(encoders, far)
    assert np.mean([float(fitted.together(each)) for each in strange]) < 0.3
    shares = [
        (of_scenario.predict(network, days, only).max(axis=1) >= fitted.least_probability.item())
        for only in (None, "audio")
    ]
    known = [float(np.mean(each)) for each in shares]
    assert min(known) >= KNOWN_COMPOSED
    # It is no lower than one of both needs.
    assert min(known) < 1


def test_without_real_wearers_nothing_is_familiar_to_anybody() -> None:
    with pytest.raises(TrainingError, match="expected EGOLOG_SHARED_DATA set"):
        step(TrainingContext(None, None, None), 1.0)  # type: ignore[arg-type]
