from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from numpy.random import Generator
from torch import Tensor

from models.egolog.contrastive import Encoders, Positive
from models.labels import SCENARIOS
from models.research.egolog import contrastive
from models.research.egolog.days.composed import Days
from models.research.egolog.days.encoded import encode, encode_segments
from models.research.lib.fit import Fit, FitResult
from tests.models import fresh
from tests.models.research.egolog import synthetic

QUICK = Fit(minutes=2, steps=120, checks=2, rate=3e-3)


BATCH = 48


def telling(count: int = 32, seed: int = 0) -> Days:
    """Return stretches that tell their scenario, n modulo 4, by a band and by an axis."""
    days = synthetic.days(count, 10)
    rng = np.random.default_rng(seed)
    at = np.arange(count) % 4
    scenarios = np.zeros((count, 10, len(SCENARIOS)), bool)
    scenarios[np.arange(count), :, at] = True
    mel = rng.uniform(0, 4, days.mel.shape)
    imu = rng.normal(0, 0.3, days.imu.shape)
    for number, scenario in enumerate(at):
        mel[number, :, 16 * scenario : 16 * (scenario + 1)] += 8
        imu[number, :, 2] += 9.81
        imu[number, :, 0] += (1 + 3 * scenario) * np.sin(np.arange(500) / (2 + scenario))
    return Days(
        mel.astype(np.float16),
        imu.astype(np.float32),
        scenarios,
        days.events,
        days.activities,
        days.motions,
    )


def settled(days: Days) -> Encoders:
    """Return encoders nobody trained, but whose statistics are those of `days`."""
    encoders = fresh.encoders().train()
    mel = torch.from_numpy(days.mel[:, :100].astype(np.float32))
    imu = torch.from_numpy(days.imu[:, :100])
    with torch.no_grad():
        for _ in range(40):
            encoders.audio(mel)
            encoders.imu(imu)
    return encoders.eval()


@pytest.mark.accuracy
@pytest.mark.parametrize("positive", ["sample", "scenario"])
def test_training_pulls_the_motion_of_a_sound_towards_it(positive: Positive) -> None:
    days, check = telling(), telling(seed=1)
    encoders = settled(days)
    before = contrastive.retrieval(encoders, encode(encoders, check))
    contrastive.train(encoders, [days], check, positive, QUICK, 0, batch=BATCH)
    after = contrastive.retrieval(encoders, encode(encoders, check))
    # One in 32 by chance, one in 8 where the four scenarios are told apart and nothing else is;
    # 2,048 trials spread by 0.004.
    assert before < 0.045
    assert after > 0.05
    assert not encoders.training


def test_what_names_sounds_and_motions_stays_as_it_was() -> None:
    encoders = fresh.encoders()
    before = {key: value.clone() for key, value in encoders.state_dict().items()}
    quick = Fit(minutes=1, steps=2, checks=1)
    contrastive.train(encoders, [telling(8)], telling(8), "scenario", quick, 0, batch=BATCH)
    changed = {
        key.split(".")[0]
        for key, value in encoders.state_dict().items()
        if not torch.equal(before[key], value)
    }
    assert changed == {"shared_audio", "shared_imu", "space"}


@pytest.mark.training
def test_the_same_seed_teaches_the_same() -> None:
    quick = Fit(minutes=1, steps=2, checks=1)
    days = telling(8)
    one, same, other = (
        contrastive.train(fresh.encoders(), [days], days, "scenario", quick, seed, batch=BATCH)
        for seed in (1, 1, 2)
    )
    mel = torch.rand(2, 100, 64) * 20
    assert torch.equal(one.encode_audio(mel).embedding, same.encode_audio(mel).embedding)
    assert not torch.equal(one.encode_audio(mel).embedding, other.encode_audio(mel).embedding)


def test_a_stage_that_teaches_nothing_leaves_the_copies_as_they_begin() -> None:
    encoders = fresh.encoders()
    quick = Fit(minutes=1, steps=2, checks=1)
    nothing = contrastive.StageLosses(space=False, labels=False)
    trained = contrastive.train(
        encoders, [telling(8)], telling(8), "scenario", quick, 0, nothing, batch=BATCH
    )
    tower, copy = trained.audio.tower.state_dict(), trained.shared_audio.state_dict()
    assert all(torch.equal(tower[key], value) for key, value in copy.items())


@pytest.mark.parametrize("lesson", ["space", "labels"])
def test_without_a_lesson_what_learns_by_it_alone_stays(lesson: str) -> None:
    encoders = fresh.encoders()
    quick = Fit(minutes=1, steps=2, checks=1, decay=0.0)
    alone = contrastive.StageLosses(space=lesson == "space", labels=lesson == "labels")
    before = encoders.space.tau.item()
    contrastive.train(encoders, [telling(8)], telling(8), "scenario", quick, 0, alone, batch=BATCH)
    assert (encoders.space.tau.item() != before) == (lesson == "space")


def test_the_stage_is_on_its_device_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[torch.nn.Module] = []

    # A meta tensor has no values, so only a step is possible; but it never mixes with others.
    def step(
        name: str,
        module: torch.nn.Module,
        loss_of: Callable[[Generator], Tensor],
        score_of: Callable[[], float],
        settings: Fit,
        seed: int,
    ) -> FitResult:
        loss_of(np.random.default_rng(seed)).backward()
        trained.append(module)
        return FitResult(0.0, [])

    monkeypatch.setattr(contrastive, "fit", step)
    # Autocast has no meta device.
    monkeypatch.setattr(contrastive, "low_precision", lambda device: nullcontext())
    days = telling(8)
    encoders = contrastive.train(
        fresh.encoders(), [days], days, "scenario", QUICK, 0, device="meta", batch=BATCH
    )
    gradients = [each.grad for each in trained[0].parameters() if each.grad is not None]
    assert len(gradients) > 50
    assert {each.device.type for each in gradients} == {"meta"}
    assert encode_segments(encoders, [days]).audio.device.type == "meta"
