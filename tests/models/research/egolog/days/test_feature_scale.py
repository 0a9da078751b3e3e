from __future__ import annotations

from dataclasses import replace

import torch

from models.egolog.contrastive import SharedSpace
from models.research.egolog.days.encoded import encode_segments
from models.research.egolog.days.feature_scale import (
    FeatureScale,
    input_norm,
    reset_standardisation,
)
from tests.models import fresh
from tests.models.research.egolog import synthetic


def test_days_are_standardised_by_the_scale_of_others() -> None:
    days = encode_segments(fresh.encoders(), [synthetic.days(4, 60)])
    shifted = replace(days, audio=days.audio * 3 + 50, imu=days.imu - 7)
    scale = FeatureScale.of_days(shifted)
    rows = scale.of(shifted).audio.flatten(0, 1)
    varied = days.audio.flatten(0, 1).std(0) > 1e-4
    torch.testing.assert_close(rows.mean(0), torch.zeros(256), atol=1e-2, rtol=0)
    torch.testing.assert_close(
        rows.std(0)[varied], torch.ones(int(varied.sum())), atol=1e-2, rtol=0
    )


def test_a_rescaled_space_embeds_standardised_features_as_it_did_the_others() -> None:
    torch.manual_seed(0)
    space = SharedSpace().eval()
    audio, imu = torch.randn(64, 256) * 2 + 5, torch.randn(64, 128) * 3 - 4
    for norm, features in ((input_norm(space.audio), audio), (input_norm(space.imu), imu)):
        norm.running_mean, norm.running_var = features.mean(0) + 1, features.var(0) * 1.5
    scale = FeatureScale((audio.mean(0), audio.std(0)), (imu.mean(0), imu.std(0)))
    before = space.of_audio(audio), space.of_imu(imu)
    scale.rescale(space)
    after = tuple(
        embed((features - mean) / spread)
        for embed, features, (mean, spread) in (
            (space.of_audio, audio, scale.audio),
            (space.of_imu, imu, scale.imu),
        )
    )
    torch.testing.assert_close(before, after, atol=1e-4, rtol=0)
    reset_standardisation(space)
    mean = input_norm(space.audio).running_mean
    assert mean is not None
    assert not mean.any()
