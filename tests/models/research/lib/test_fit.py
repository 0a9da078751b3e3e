from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import torch

from models.research.lib.fit import Fit, fit

if TYPE_CHECKING:
    import pytest


def test_the_weights_that_validated_best_are_kept() -> None:
    network = torch.nn.Linear(1, 1)
    seen: list[float] = []

    def score() -> float:
        seen.append(network.weight.item())
        return -abs(len(seen) - 2)

    fitted = fit(
        "x", network, lambda _rng: network.weight.sum(), score, Fit(1, steps=40, checks=4), 0
    )
    assert len(seen) == 4
    assert network.weight.item() == seen[1]
    assert len(fitted.losses) == 40
    assert not network.training


def test_the_clock_ends_what_the_steps_do_not() -> None:
    network = torch.nn.Linear(1, 1)
    fitted = fit("x", network, lambda _rng: network.weight.sum(), lambda: 0.0, Fit(0.005), 0)
    assert fitted.losses


def weight_after(seconds_a_look: float, monkeypatch: pytest.MonkeyPatch) -> float:
    """Fit one weight under a clock that goes on by so much each time it is looked at."""
    ticks = count()
    monkeypatch.setattr(
        "models.research.lib.schedule.time.monotonic", lambda: next(ticks) * seconds_a_look
    )
    network = torch.nn.Linear(1, 1)
    torch.nn.init.ones_(network.weight)
    settings = Fit(1, steps=20, checks=1)
    fit("x", network, lambda _rng: network.weight.square().sum(), lambda: 0.0, settings, 0)
    return network.weight.item()


def test_steps_give_the_same_weights_however_long_they_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert weight_after(0.001, monkeypatch) == weight_after(1.0, monkeypatch)


def test_the_clock_ends_steps_too() -> None:
    network = torch.nn.Linear(1, 1)
    settings = Fit(0.005, steps=10**9, checks=1)
    fitted = fit("x", network, lambda _rng: network.weight.sum(), lambda: 0.0, settings, 0)
    assert 0 < len(fitted.losses) < 10**9
