import numpy as np
import pytest
import torch

from models.egolog.localization import Localization
from models.research.egolog.localization.batched import augment, training, validation
from models.research.egolog.localization.batched.supplies import RenewedSeconds
from models.research.lib.schedule import Moment
from tests.models.research.egolog.localization.batched.material import world
from tests.models.research.egolog.localization.batched.rendered import (
    PLACING,
    network,
    rendered_seconds,
)


@pytest.mark.training
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


def test_the_rate_rises_for_its_first_steps_and_never_falls_to_zero() -> None:
    def rate(step: int, done: float) -> float:
        return training.rate_at(Moment(step, done, is_check=False, bar=None), 1e-3)

    assert [rate(0, 0.0), rate(99, 0.0), rate(500, 0.5), rate(900, 1.0)] == pytest.approx(
        [1e-3 / 200 * 1.005, 0.5e-3 * 1.005, 1e-3 * 0.505, 1e-3 * 0.005], rel=1e-12
    )


@pytest.mark.training
def test_training_returns_the_best_of_its_checks() -> None:
    sets = dict.fromkeys(validation.VALIDATION, rendered_seconds())
    course = training.Course(2 / 60, 1e-3, 0, batch=16, clips=4, buffer=16, check_s=0.5)
    kept: list[dict[str, torch.Tensor]] = []
    scores: list[float] = []

    def save(net: Localization, row: dict[str, object]) -> None:
        kept.append({name: value.clone() for name, value in net.state_dict().items()})
        scores.append(float(row["score"]))  # type: ignore[arg-type]

    trained = training.train(
        network(), RenewedSeconds(world(), course, PLACING), sets, course, save
    )
    assert scores
    assert not trained.training
    best = kept[int(np.argmax(scores))]
    for name, value in trained.state_dict().items():
        if name not in ("temper", "offset"):
            assert torch.equal(value, best[name]), name
