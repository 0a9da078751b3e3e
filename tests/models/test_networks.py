"""Rules of the networks' shapes and missing inputs."""

import pytest
import torch

from models.audio_encoder import AudioEncoder
from models.contrastive import Encoders, contrastive_loss
from models.har import Har
from models.imu_encoder import ImuEncoder
from models.motion_channels import motion_channels
from models.scenario import ScenarioConfig, ScenarioNet, Segments, key_frame_weights
from models.text import ScenarioText

torch.manual_seed(0)


def segments(batch: int = 2, count: int = 15) -> Segments:
    unit = torch.nn.functional.normalize
    there = torch.ones(batch, count, dtype=torch.bool)
    return Segments(
        torch.randn(batch, count, 128),
        unit(torch.randn(batch, count, 128), dim=-1),
        there.clone(),
        torch.randn(batch, count, 128),
        unit(torch.randn(batch, count, 128), dim=-1),
        there.clone(),
    )


@pytest.mark.parametrize("steps", [50, 100, 250, 500])
def test_encoders_take_any_length(steps: int) -> None:
    heard = AudioEncoder().eval()(torch.rand(2, steps, 64) * 20)
    moved = ImuEncoder().eval()(torch.randn(2, steps, 6))
    assert heard.features.shape == moved.features.shape == (2, 128)
    assert heard.logits.shape == (2, 48)
    assert moved.logits.shape == (2, 4)
    for embedding in (heard.embedding, moved.embedding):
        torch.testing.assert_close(embedding.norm(dim=1), torch.ones(2))


def test_the_audio_encoder_is_small() -> None:
    assert 300_000 < sum(p.numel() for p in AudioEncoder().parameters()) < 800_000


def test_gravity_aligned_channels_ignore_the_mounting() -> None:
    imu = torch.randn(1, 100, 6, dtype=torch.float64)
    imu[..., 2] += 9.8
    turn, _ = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64))
    turn = turn * torch.linalg.det(turn).sign()
    turned = torch.cat([imu[..., :3] @ turn.T, imu[..., 3:] @ turn.T], dim=-1)
    torch.testing.assert_close(
        motion_channels(turned)[..., 6:], motion_channels(imu)[..., 6:], atol=1e-6, rtol=1e-6
    )


def test_contrastive_logits_are_scaled_similarities() -> None:
    encoders = Encoders()
    a = torch.nn.functional.normalize(torch.randn(4, 128), dim=1)
    logits = encoders.logits(a, a)
    torch.testing.assert_close(logits.diagonal(), torch.full((4,), 1 / 0.07), rtol=1e-4, atol=1e-4)


def test_same_sample_pairs_ask_for_the_diagonal() -> None:
    good = torch.eye(4) * 20
    assert contrastive_loss(good) < 1e-3
    assert contrastive_loss(good.roll(1, 0)) > 10


def test_same_scenario_pairs_ask_for_the_whole_block() -> None:
    scenario = torch.tensor([0, 0, 1, 1])
    block = (scenario[:, None] == scenario[None, :]).float() * 20
    assert contrastive_loss(block, "scenario", scenario) == pytest.approx(0.6931, abs=1e-3)
    assert contrastive_loss(torch.eye(4) * 20, "scenario", scenario) > 5
    with pytest.raises(ValueError, match="needs the scenario ids"):
        contrastive_loss(block, "scenario")


def test_key_frames_are_where_sound_and_motion_agree() -> None:
    given = segments()
    given.imu_embedding[0, 3] = given.audio_embedding[0, 3]
    weights = key_frame_weights(given, 4.0)
    assert weights[0].argmax() == 3
    torch.testing.assert_close(weights.sum(1), torch.ones(2))


@pytest.mark.parametrize("sequence", ["transformer", "lstm"])
def test_the_scenario_network_works_with_masked_segments(sequence: str) -> None:
    network = ScenarioNet(ScenarioConfig(sequence=sequence)).eval()
    given = segments()
    given.audio_mask[0] = False
    given.imu_mask[1, 4:] = False
    given.audio_mask[1, 8:] = False
    rows, weights = network.join(given)
    assert rows.shape == (2, 15, network.config.joined)
    assert network(rows).shape == (2, 16)
    assert torch.isfinite(network(rows)).all()
    torch.testing.assert_close(weights.sum(1), torch.ones(2))
    torch.testing.assert_close(weights[0], torch.full((15,), 1 / 15))


@pytest.mark.parametrize("present", [(1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)])
def test_any_token_of_the_activity_network_may_be_missing(present: tuple[int, int, int]) -> None:
    network = Har().eval()
    audio, imu, text = (torch.tensor([bool(p)]) for p in present)
    one = network(
        torch.randn(1, 128), audio, torch.randn(1, 128), imu, torch.randn(1, 2, 384),
        text.expand(1, 2),
    )  # fmt: skip
    assert one.shape == (1, 16)
    assert torch.isfinite(one).all()


def test_a_missing_token_counts_for_nothing() -> None:
    network = Har().eval()
    yes, no = torch.tensor([True]), torch.tensor([False])
    imu, none = torch.randn(1, 128), torch.zeros(1, 0, 384)
    empty = torch.zeros(1, 0, dtype=torch.bool)
    first = network(torch.randn(1, 128), no, imu, yes, none, empty)
    second = network(torch.randn(1, 128), no, imu, yes, none, empty)
    assert torch.equal(first, second)


def test_an_unknown_scenario_has_no_text() -> None:
    text = ScenarioText()
    assert text.lookup([]).shape == (0, 384)
    assert text.lookup(["Cooking", "Eating"]).shape == (2, 384)
    with pytest.raises(ValueError, match="'Sleeping' has no text embedding"):
        text.lookup(["Sleeping"])
