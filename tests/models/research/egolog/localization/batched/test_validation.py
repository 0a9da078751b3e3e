import torch

from models.research.egolog.localization.batched import validation
from tests.models.research.egolog.localization.batched.rendered import network, rendered_seconds


def test_what_is_right_is_counted_right() -> None:
    right = validation.figures(rendered_seconds().hard.clamp(0.01, 0.99), rendered_seconds())
    assert right["direction"] == right["distance"] == right["said_far"] == 1
    assert right["front_back"] == 0
    assert right["ece"] < 0.05
    other = rendered_seconds().hard.reshape(-1, 4, 2).flip(2).flatten(1).clamp(0.01, 0.99)
    wrong = validation.figures(other, rendered_seconds())
    assert wrong["direction"] == 1
    assert wrong["distance"] == wrong["said_far"] == 0
    assert wrong["ece"] > 0.9


def test_calibration_lowers_what_was_said_too_surely() -> None:
    net = network().eval()
    for parameter in net.out.parameters():
        torch.nn.init.normal_(parameter, std=1.0)
    net.requires_grad_(False)
    sets = {"dry": rendered_seconds()}

    def surprise() -> float:
        predicted = net.calibrate(validation.logits_of(net, rendered_seconds(), False)).clamp(
            1e-6, 1 - 1e-6
        )
        return float(torch.nn.functional.binary_cross_entropy(predicted, rendered_seconds().hard))

    before = surprise()
    validation.calibrate(net, sets)
    assert surprise() < before - 0.1
