from functools import cache

import numpy as np
import pytest
import torch

from models.egolog.localization import Localization, LocalizationConfig
from models.research.egolog.localization.batched import augment, training, validation
from models.research.egolog.localization.batched.seconds import RenderedSeconds
from models.research.egolog.localization.batched.sources import Placements
from tests.models.research.egolog.localization.batched.material import world

PLACING = Placements(rooms={"open": 0.5, "room": 0.5}, counts=(0.1, 0.9))


@cache
def rendered_seconds() -> RenderedSeconds:
    """A few rendered seconds."""
    return world().draw(PLACING, 16, torch.Generator().manual_seed(0))


def network() -> Localization:
    torch.manual_seed(0)
    return Localization(LocalizationConfig(channels=(8, 16, 16), steered=(8, 8), hidden=32))


def test_a_few_steps_lower_the_loss() -> None:
    net = network()
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3)
    rows, losses = torch.arange(len(rendered_seconds().maps)), []
    for _ in range(10):
        rng = torch.Generator().manual_seed(1)
        loss = training.loss_of(net, rendered_seconds(), rows, augment.Imbalance(), rng)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])


def test_rotations_turn_and_do_not_mirror() -> None:
    turn = augment.rotations(20, torch.Generator().manual_seed(0))
    eye = torch.eye(3).expand(20, 3, 3)
    torch.testing.assert_close(turn @ turn.transpose(1, 2), eye, atol=1e-5, rtol=0)
    torch.testing.assert_close(torch.linalg.det(turn), torch.ones(20), atol=1e-5, rtol=0)


def test_other_microphones_leave_silence_silent_and_differ_more_where_they_may() -> None:
    mel = torch.full((400, 2, 2, 64), 8.0)
    mel[:, :, 1] = 0
    apart = {}
    for share in (0.0, 1.0):
        rng = torch.Generator().manual_seed(0)
        changed = augment.vary_microphones(mel, augment.Imbalance(share=share), rng)
        assert not changed[:, :, 1].any()
        apart[share] = float((changed[:, 0, 0] - changed[:, 1, 0]).mean(1).std())
    # Two microphones' nats of power, each by itself.
    assert apart[0.0] == pytest.approx(2**0.5 * 0.15, rel=0.2)
    assert apart[1.0] == pytest.approx(2**0.5 * 0.35, rel=0.2)


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


def test_training_returns_the_best_of_its_checks() -> None:
    sets = dict.fromkeys(validation.VALIDATION, rendered_seconds())
    course = training.Course(2.0, 1e-3, 0, batch=16, clips=4, buffer=16, check_s=0.5)
    kept: list[dict[str, torch.Tensor]] = []
    scores: list[float] = []

    def save(net: Localization, row: dict[str, object]) -> None:
        kept.append({name: value.clone() for name, value in net.state_dict().items()})
        scores.append(float(row["score"]))  # type: ignore[arg-type]

    trained = training.train(network(), world(), sets, course, save, PLACING)
    assert scores
    assert not trained.training
    best = kept[int(np.argmax(scores))]
    for name, value in trained.state_dict().items():
        if name not in ("temper", "offset"):
            assert torch.equal(value, best[name]), name
