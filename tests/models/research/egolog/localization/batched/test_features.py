import numpy as np
import pytest
import torch

from models.features import Features
from models.research.egolog.localization.batched.features import BatchedFeatures


def test_features_are_those_that_are_served() -> None:
    rng = np.random.default_rng(0)
    sound = (rng.standard_normal((2, 16_000)) * 0.1).astype(np.float32)
    sound[1] = 0.5 * np.roll(sound[0], 5) + 0.1 * sound[1]
    expected = Features().audio(sound, 16_000, np.ones(16_000, bool))["maps"].astype(np.float32)
    computed = BatchedFeatures("cpu")(torch.from_numpy(sound)[None])[0].float().numpy()
    assert computed == pytest.approx(expected, abs=2e-2)
    assert np.abs(computed - expected).mean() < 1e-3
