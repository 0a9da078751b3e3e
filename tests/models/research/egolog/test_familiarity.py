from __future__ import annotations

import numpy as np
import pytest
import torch

from models.egolog.familiarity import Familiarity
from models.egolog.har import Har
from models.egolog.scenario_text import ScenarioText
from models.labels import ACTIVITIES
from models.research.egolog import familiarity as of_familiarity
from models.research.egolog import har as of_har
from models.research.egolog.context import TrainingContext
from models.research.egolog.recipes import TrainingError, familiarity
from tests.models import fresh
from tests.models.research.egolog import synthetic


def test_directions_in_which_features_hardly_vary_count_for_more() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal([3.0, -1.0], [5.0, 0.5], (4000, 2))
    fitted = of_familiarity.of_features(torch.from_numpy(values.astype(np.float32)), Familiarity)
    points = torch.tensor([[3.0, -1.0], [8.0, -1.0], [3.0, -0.5]])
    middle, wide, narrow = fitted.distance(points).tolist()
    assert middle < 0.3
    assert wide == pytest.approx(1.0, abs=0.1)
    # One standard deviation, less what the covariance is shrunk by.
    assert narrow == pytest.approx(0.5 / (0.99 * 0.25 + 0.01 * 12.6) ** 0.5, abs=0.1)


def test_limits_keep_the_asked_shares_of_validation() -> None:
    encoders, har, text = fresh.encoders(), Har().eval(), ScenarioText()
    train, check = synthetic.motion(160, seed=1), synthetic.motion(100, seed=2)
    wearers = of_familiarity.WearerWindows(train, check)
    days = of_har.of_days(synthetic.encoded(count=4))
    fitted = of_familiarity.fit(encoders, har, text, wearers, wearers, days)
    features = of_familiarity.motion_features(encoders, check.imu)
    familiar = (fitted(features) >= 0.5).float().mean()
    assert float(familiar) == pytest.approx(of_familiarity.FAMILIAR_REAL, abs=0.01)
    far = synthetic.motion(40, seed=3)
    far.imu[...] *= 5
    assert fitted(of_familiarity.motion_features(encoders, far.imu)).mean() < 0.3
    alone = of_har.of_motion(features, np.zeros(len(features), np.int64))
    real = of_familiarity.likeliest(har, text, alone) >= fitted.least_by_motion
    known = (real & (fitted(features) >= 0.5)).float().mean()
    assert float(known) >= of_familiarity.KNOWN_REAL - 0.01
    composed = of_familiarity.likeliest(har, text, days) >= fitted.least_probability
    # No limit keeps the share to less than a window.
    assert float(composed.float().mean()) >= of_familiarity.KNOWN_COMPOSED - 1 / len(composed)


def test_walking_and_running_are_compared_with_those_of_all_positions() -> None:
    encoders, har, text = fresh.encoders(), Har().eval(), ScenarioText()
    head = of_familiarity.WearerWindows(
        synthetic.motion(160, seed=1), synthetic.motion(100, seed=2)
    )
    wrist = of_familiarity.WearerWindows(
        synthetic.motion(160, seed=3), synthetic.motion(100, seed=4)
    )
    for windows in wrist:
        windows.imu[...] *= 5
    days = of_har.of_days(synthetic.encoded(count=4))
    fitted = of_familiarity.fit(encoders, har, text, head, wrist, days)
    moving = np.isin(wrist.check.activity, [ACTIVITIES.index(n) for n in ("walking", "running")])
    features = of_familiarity.motion_features(encoders, wrist.check.imu)[torch.from_numpy(moving)]
    familiar = (fitted.locomotion(features) >= 0.5).float().mean()
    assert float(familiar) >= of_familiarity.FAMILIAR_LEFT_OUT - 0.02
    assert float((fitted(features) >= 0.5).float().mean()) < 0.3


def test_walking_of_a_data_set_that_is_left_out_is_familiar() -> None:
    rng = np.random.default_rng(0)
    source = np.repeat(["glasses", "watch"], 500)
    features = torch.from_numpy(rng.normal(0, 1, (1000, 2)).astype(np.float32))
    features[500:, 0] += 6
    both = of_familiarity.SourceFeatures(features, source)
    apart = of_familiarity.left_out_limit(both, both)
    # As far as the other's walking, not as one that was fitted on it.
    assert 6 < apart < 10
    alone = of_familiarity.SourceFeatures(features[:500], source[:500])
    assert 2 < of_familiarity.left_out_limit(alone, alone) < 4
    few = of_familiarity.SourceFeatures(
        torch.cat([features[:500], features[500:510]]), source[:510]
    )
    assert of_familiarity.left_out_limit(both, few) == pytest.approx(apart, abs=1.5)


def test_without_real_wearers_nothing_is_familiar_to_anybody() -> None:
    with pytest.raises(TrainingError, match="expected EGOLOG_SHARED_DATA set"):
        familiarity(TrainingContext(None, None, None), 1.0)  # type: ignore[arg-type]
