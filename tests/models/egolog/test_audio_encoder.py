"""Rules of `models.egolog.audio_encoder`."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from models.egolog.audio_encoder import (
    SoundEncoder,
    SoundEncoderConfig,
    SoundShapeError,
    SoundTower,
)
from models.labels import CATEGORIES, RECOGNISED_SOUNDS


@pytest.fixture(scope="module")
def encoder() -> SoundEncoder:
    torch.manual_seed(0)
    return SoundEncoder().eval()


@pytest.mark.parametrize("steps", [50, 51, 100, 137, 250, 500])
def test_sound_of_any_length_from_one_second_is_heard(encoder: SoundEncoder, steps: int) -> None:
    with torch.inference_mode():
        output = encoder(torch.rand(2, steps, 64) * 20)
    assert output.features.shape == (2, encoder.config.features)
    assert output.logits.shape == (2, len(RECOGNISED_SOUNDS))
    assert output.categories.shape == (2, len(CATEGORIES))
    assert all(torch.isfinite(out).all() for out in vars(output).values())


def test_a_step_is_160_ms(encoder: SoundEncoder) -> None:
    with torch.inference_mode():
        assert encoder.steps(torch.rand(1, 120, 64)).shape == (1, encoder.config.maps, 15)


@pytest.mark.parametrize("shape", [(1, 49, 64), (1, 100, 40), (100, 64), (1, 1, 100, 64)])
def test_another_shape_is_refused_by_name(encoder: SoundEncoder, shape: tuple[int, ...]) -> None:
    with pytest.raises(SoundShapeError, match=r"mel has shape .*; expected \(B, T, 64\)"):
        encoder(torch.rand(shape))


def test_a_tower_of_lower_rank_costs_less_and_its_seconds_pool_alike() -> None:
    torch.manual_seed(0)
    full, low_rank = (SoundTower(SoundEncoderConfig(), rank).eval() for rank in (1.0, 0.25))
    low = torch.rand(3, 64, 13, 16)
    costs = []
    for tower in (full, low_rank):
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            seconds = tower.seconds(low)
        assert seconds.shape == (3, 2, 512)
        costs.append(counter.get_total_flops())
        with torch.inference_mode():
            torch.testing.assert_close(tower.together(seconds[:, None]), tower(low))
            together = tower.together(seconds[None])
            most = torch.cat([seconds[:, 0].mean(0), seconds[:, 1].amax(0)])
            torch.testing.assert_close(together[0], torch.relu(tower.mix(most)))
    assert costs[1] < 0.35 * costs[0]


def test_silence_is_heard_without_a_fault(encoder: SoundEncoder) -> None:
    with torch.inference_mode():
        output = encoder(torch.zeros(1, 100, 64))
    assert torch.isfinite(output.categories).all()


def test_it_stays_below_five_million_parameters() -> None:
    assert sum(p.numel() for p in SoundEncoder(SoundEncoderConfig()).parameters()) < 5_000_000
