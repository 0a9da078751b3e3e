import math
from dataclasses import asdict

import pytest
import torch

from models.egolog.audio_encoder import SoundShapeError
from models.egolog.contrastive import (
    Encoders,
    EncodersConfig,
    SharedSpace,
    SpaceConfig,
    contrastive_loss,
)
from tests.models import fresh

torch.manual_seed(0)
# Items 0 and 1 are in scenario A, 1 and 2 in B, 3 in C.
SCENARIOS = torch.tensor([[1.0, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1]])


def test_both_modalities_land_on_one_unit_sphere() -> None:
    encoders = fresh.encoders()
    audio = encoders.encode_audio(torch.rand(2, 100, 64) * 20)
    motion = encoders.encode_imu(torch.randn(2, 100, 6))
    assert (audio.features.shape, motion.features.shape) == ((2, 256), (2, 128))
    assert (audio.logits.shape, motion.logits.shape) == ((2, 54), (2, 4))
    for embedding in (audio.embedding, motion.embedding):
        assert embedding.shape == (2, 128)
        torch.testing.assert_close(embedding.norm(dim=1), torch.ones(2))


def test_a_space_of_other_widths_than_the_encoders_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"takes 256 audio and 64 imu features; expected .* 256 and 128"
    ):
        Encoders(EncodersConfig(fresh.SMALL_AUDIO, fresh.SMALL_IMU, SpaceConfig(imu=64)))


def test_logits_are_similarities_scaled_by_the_temperature() -> None:
    space = SharedSpace()
    a = torch.nn.functional.normalize(torch.randn(4, 128), dim=1)
    torch.testing.assert_close(
        space.logits(a, a).diagonal(), torch.full((4,), 1 / 0.07), rtol=1e-4, atol=1e-4
    )


def test_the_temperature_cannot_run_away() -> None:
    space = SharedSpace()
    with torch.no_grad():
        space.tau.fill_(50.0)
    unit = torch.eye(2, 128)
    assert float(space.logits(unit, unit).max().detach()) == pytest.approx(math.exp(4.6), rel=1e-4)


def test_same_sample_pairs_ask_for_the_diagonal() -> None:
    good = torch.eye(4) * 20
    assert contrastive_loss(good) < 1e-3
    assert contrastive_loss(good.roll(1, 0)) > 10


def test_pairs_that_share_any_scenario_are_asked_for_alike() -> None:
    shared = SCENARIOS @ SCENARIOS.T > 0
    assert shared.sum(1).tolist() == [2, 3, 2, 1]
    best = contrastive_loss(shared.float() * 20, "scenario", SCENARIOS)
    # An even target over k positives cannot cost less than ln k.
    assert best == pytest.approx((2 * math.log(2) + math.log(3)) / 4, abs=1e-3)
    assert contrastive_loss(torch.eye(4) * 20, "scenario", SCENARIOS) > 3


def test_both_definitions_agree_where_nothing_is_shared() -> None:
    logits = torch.randn(4, 4)
    apart = torch.eye(4)
    torch.testing.assert_close(
        contrastive_loss(logits), contrastive_loss(logits, "scenario", apart)
    )


def test_an_item_without_scenario_still_has_itself() -> None:
    loss = contrastive_loss(torch.eye(4) * 20, "scenario", torch.zeros(4, 3))
    assert loss < 1e-3


def test_pairing_by_scenario_needs_the_scenarios() -> None:
    with pytest.raises(ValueError, match="needs the scenarios"):
        contrastive_loss(torch.eye(4), "scenario")


def test_within_a_modality_nothing_is_its_own_pair() -> None:
    shared = (SCENARIOS @ SCENARIOS.T > 0).float()
    good, own = shared * 20, torch.eye(4) * 20
    first_three = slice(0, 3)
    loss = contrastive_loss(
        good[first_three, first_three], "scenario", SCENARIOS[first_three], itself=False
    )
    assert loss == pytest.approx(math.log(2) / 3, abs=1e-3)
    assert torch.isfinite(contrastive_loss(own, "scenario", SCENARIOS, itself=False))


def test_what_is_heard_together_is_made_of_seconds_that_were_encoded_alone() -> None:
    encoders = fresh.encoders()
    mel = torch.rand(2, 200, 64) * 20
    with torch.inference_mode():
        alone = [encoders.seconds(mel[:, at : at + 50]) for at in range(0, 200, 50)]
        seconds = torch.cat(alone, dim=1)
        torch.testing.assert_close(seconds, encoders.seconds(mel))
        torch.testing.assert_close(
            encoders.encode_seconds(seconds), encoders.encode_audio(mel).features
        )
        torch.testing.assert_close(encoders.encode_audio(mel).logits, encoders.audio(mel).logits)
    with pytest.raises(SoundShapeError, match=r"with T a multiple of 50"):
        encoders.seconds(mel[:, :120])


def test_the_rank_of_the_shared_tower_is_read_from_the_weights() -> None:
    config = EncodersConfig(fresh.SMALL_AUDIO, fresh.SMALL_IMU, shared_rank=0.5)
    assert EncodersConfig.from_config(asdict(config)) == config
    before = asdict(config)
    del before["shared_rank"]
    assert EncodersConfig.from_config(before).shared_rank == 1.0


@pytest.mark.parametrize("rank", [1.0, 0.5])
def test_copies_begin_as_what_they_are_copied_from(rank: float) -> None:
    torch.manual_seed(0)
    encoders = Encoders(EncodersConfig(fresh.SMALL_AUDIO, fresh.SMALL_IMU, shared_rank=rank)).eval()
    mel, imu = torch.rand(2, 100, 64) * 20, torch.randn(2, 100, 6)
    assert not torch.allclose(
        encoders.encode_audio(mel).features, encoders.encode_audio(mel).plain, atol=1e-2
    )
    encoders.begin_sharing()
    second = mel[:, :50]
    torch.testing.assert_close(
        encoders.encode_audio(second).features, encoders.encode_audio(second).plain
    )
    torch.testing.assert_close(encoders.encode_imu(imu).features, encoders.encode_imu(imu).plain)
    torch.testing.assert_close(encoders.audio_features(mel), encoders.encode_audio(mel).features)
    torch.testing.assert_close(encoders.imu_features(imu), encoders.encode_imu(imu).features)
