import pytest
import torch

from models.contrastive import Positive, SharedSpace
from models.training import contrastive
from models.training.fit import Fit
from tests.models.training import made

QUICK = Fit(minutes=1, steps=40, checks=4, rate=3e-3)


@pytest.mark.parametrize("positive", ["sample", "scenario"])
def test_training_pulls_the_motion_of_a_sound_towards_it(positive: Positive) -> None:
    days, check = made.encoded(64, 30, scenarios=16), made.encoded(64, 30, seed=1, scenarios=16)
    before = contrastive.retrieval(SharedSpace().eval(), check)
    space = contrastive.train(days, check, positive, QUICK, 0)
    after = contrastive.retrieval(space, check)
    assert before < 0.15
    # Of the 32 compared, two on average live the same one of 16 scenarios and cannot be told apart.
    assert after > 0.35
    assert not space.training


def test_the_same_seed_trains_the_same_space() -> None:
    days = made.encoded(16, 30)
    quick = Fit(minutes=1, steps=3, checks=1)
    one, same, other = (contrastive.train(days, days, "scenario", quick, s) for s in (1, 1, 2))
    assert torch.equal(one.of_audio(days.audio), same.of_audio(days.audio))
    assert not torch.equal(one.of_audio(days.audio), other.of_audio(days.audio))
