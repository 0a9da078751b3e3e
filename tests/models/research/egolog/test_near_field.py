from functools import cache

import numpy as np
import pytest
import torch

from models.egolog.near_field import NearField
from models.research.egolog import near_field
from models.research.lib.fit import Fit, fit
from tests.models.research.egolog.localization.material import surroundings


@cache
def made() -> near_field.Shares:
    """The shares of a few rendered seconds."""
    return near_field.shares(surroundings(), 0, 10, None)


def test_shares_lie_between_nothing_and_all() -> None:
    assert made().maps.shape == (20, 3, 50, 64)
    assert made().share.shape == (20, 50, 64)
    assert made().share.min() >= 0
    assert made().share.max() <= 1
    assert 0.1 < made().share.astype(np.float32).mean() < 0.9


@pytest.mark.training
def test_a_few_steps_lower_the_loss() -> None:
    torch.manual_seed(0)
    network = NearField()
    fitted = fit(
        "near_field",
        network,
        lambda rng: near_field.loss_of(network, made(), np.random.default_rng(1), batch=8),
        lambda: -near_field.error_of(near_field.predict(network, made()), made()),
        Fit(minutes=1, rate=5e-3, steps=20, checks=1),
        seed=0,
    )
    assert np.mean(fitted.losses[-4:]) < 0.85 * np.mean(fitted.losses[:4])


def test_the_error_of_the_truth_is_nothing() -> None:
    assert near_field.error_of(made().share.astype(np.float32), made()) == 0
    assert near_field.error_of(1 - made().share.astype(np.float32), made()) > 0.3
