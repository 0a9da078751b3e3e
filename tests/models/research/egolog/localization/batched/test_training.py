import numpy as np
import torch

from models.egolog.localization import Localization
from models.research.egolog.localization.batched import augment, training, validation
from tests.models.research.egolog.localization.batched.material import world
from tests.models.research.egolog.localization.batched.rendered import (
    PLACING,
    network,
    rendered_seconds,
)


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


def test_training_returns_the_best_of_its_checks() -> None:
    sets = dict.fromkeys(validation.VALIDATION, rendered_seconds())
    course = training.Course(2.0, 1e-3, 0, batch=16, clips=4, buffer=16, check_s=0.5)
    kept: list[dict[str, torch.Tensor]] = []
    scores: list[float] = []

    def save(net: Localization, row: dict[str, object]) -> None:
        kept.append({name: value.clone() for name, value in net.state_dict().items()})
        scores.append(float(row["score"]))  # type: ignore[arg-type]

    trained = training.train(
        network(), training.RenewedSeconds(world(), course, PLACING), sets, course, save
    )
    assert scores
    assert not trained.training
    best = kept[int(np.argmax(scores))]
    for name, value in trained.state_dict().items():
        if name not in ("temper", "offset"):
            assert torch.equal(value, best[name]), name
