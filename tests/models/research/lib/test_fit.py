import torch

from models.research.lib.fit import Fit, fit


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
