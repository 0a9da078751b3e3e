"""Rules of `models.research.egolog.audio.compact`."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.egolog.contrastive import Encoders, EncodersConfig
from models.research.egolog.audio import compact
from models.research.lib.fit import Fit
from tests.models import fresh
from tests.models.research.egolog import synthetic

AUDIO = replace(fresh.SMALL_AUDIO, stages=((16, 1, 2, 2), (16, 1, 2, 2), (24, 2, 1, 2)))


@pytest.fixture(scope="module")
def before() -> Encoders:
    torch.manual_seed(0)
    encoders = Encoders(EncodersConfig(audio=AUDIO, imu=fresh.SMALL_IMU))
    encoders.shared_audio.train()
    with torch.no_grad():
        # Statistics of its own, as a trained tower has.
        for _ in range(20):
            encoders.shared_audio(encoders.audio.low(torch.rand(8, 100, 64) * 20))
    return encoders.requires_grad_(False).eval()


def shared_features(encoders: Encoders, mel: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return encoders.shared_audio(encoders.audio.low(mel))


def test_with_all_of_its_components_a_tower_is_what_it_was(before: Encoders) -> None:
    mel = torch.rand(8, 100, 64) * 20
    same = compact.compact(before, mel, 0.999)
    torch.testing.assert_close(
        shared_features(same, mel), shared_features(before, mel), atol=1e-3, rtol=1e-2
    )


def test_fewer_components_are_further_from_it_and_cost_less(before: Encoders) -> None:
    mel = torch.rand(8, 100, 64) * 20
    most, few = (compact.compact(before, mel, rank) for rank in (0.75, 0.2))
    errors = [
        float((shared_features(e, mel) - shared_features(before, mel)).square().mean())
        for e in (most, few)
    ]
    assert errors[0] < errors[1]
    counts = [sum(p.numel() for p in e.shared_audio.parameters()) for e in (before, most, few)]
    assert counts[0] > counts[1] > counts[2]
    assert few.config == replace(before.config, shared_rank=0.2)


@pytest.mark.training
def test_the_tower_learns_what_the_one_before_heard_and_nothing_else_changes(
    before: Encoders, capsys: pytest.CaptureFixture[str]
) -> None:
    days = [synthetic.days(6, 10)]
    settings = Fit(minutes=1, rate=2e-3, checks=2, steps=25)
    untrained, trained = (
        compact.train(before, days, replace(settings, steps=steps), 0, seconds=240, rank=0.2)
        for steps in (1, 25)
    )
    held_out = compact.draw_mels(days, 40, 2, np.random.default_rng(9))
    wanted = shared_features(before, held_out)
    with torch.inference_mode():
        errors = [
            float((each.audio_features(held_out) - wanted).square().mean())
            for each in (untrained, trained)
        ]
    assert errors[1] < 0.8 * errors[0]
    after = trained.state_dict()
    for name, value in before.state_dict().items():
        if not name.startswith("shared_audio."):
            assert torch.equal(after[name], value), name
    assert "of the features' variance is lost" in capsys.readouterr().out
