from dataclasses import replace
from typing import get_args

import pytest
import torch

from models.egolog.scenario import (
    ScenarioConfig,
    ScenarioNet,
    Segments,
    Sequence,
    key_frame_weights,
)

torch.manual_seed(0)


def segments(batch: int = 2, count: int = 15) -> Segments:
    unit = torch.nn.functional.normalize
    there = torch.ones(batch, count, dtype=torch.bool)
    return Segments(
        torch.randn(batch, count, 256),
        unit(torch.randn(batch, count, 128), dim=-1),
        there.clone(),
        torch.randn(batch, count, 128),
        unit(torch.randn(batch, count, 128), dim=-1),
        there.clone(),
    )


def test_key_frames_are_where_sound_and_motion_agree() -> None:
    given = segments()
    given.imu_embedding[0, 3] = given.audio_embedding[0, 3]
    weights = key_frame_weights(given, 4.0)
    assert weights[0].argmax() == 3
    torch.testing.assert_close(weights.sum(1), torch.ones(2))


def test_a_segment_that_lacks_a_modality_is_no_key_frame() -> None:
    given = segments()
    given.imu_mask[0, :5] = False
    given.audio_mask[0, 12:] = False
    weights = key_frame_weights(given, 4.0)
    assert not weights[0, :5].any()
    assert not weights[0, 12:].any()
    torch.testing.assert_close(weights.sum(1), torch.ones(2))


def test_without_any_pair_the_present_segments_weigh_alike() -> None:
    given = segments()
    given.audio_mask[:] = False
    given.imu_mask[0, 10:] = False
    given.imu_mask[1] = False
    weights = key_frame_weights(given, 4.0)
    torch.testing.assert_close(weights[0, :10], torch.full((10,), 0.1))
    assert not weights[0, 10:].any()
    torch.testing.assert_close(weights[1], torch.full((15,), 1 / 15))


@pytest.mark.parametrize("sequence", get_args(Sequence))
@pytest.mark.parametrize("key_frames", [True, False])
def test_windows_with_holes_are_answered(sequence: Sequence, key_frames: bool) -> None:
    network = ScenarioNet(ScenarioConfig(sequence=sequence, key_frames=key_frames)).eval()
    given = segments(3)
    given.audio_mask[0] = False
    given.imu_mask[1, 4:] = False
    given.audio_mask[1, 8:] = False
    given.audio_mask[2], given.imu_mask[2] = False, False
    rows, weights = network.join(given)
    assert rows.shape == (3, 15, network.config.row_width)
    logits = network(rows)
    assert logits.shape == (3, 16)
    assert torch.isfinite(logits).all()
    torch.testing.assert_close(weights.sum(1), torch.ones(3))


@pytest.mark.parametrize("sequence", get_args(Sequence))
def test_what_a_masked_modality_holds_does_not_matter(sequence: Sequence) -> None:
    network = ScenarioNet(ScenarioConfig(sequence=sequence)).eval()
    given = segments()
    given.audio_mask[:, 4:8] = False
    given.imu_mask[:, 6:9] = False
    sound, motion = given.audio_mask[..., None], given.imu_mask[..., None]
    other = replace(
        given,
        audio_features=torch.where(sound, given.audio_features, torch.tensor(9.0)),
        audio_embedding=torch.where(sound, given.audio_embedding, torch.tensor(-9.0)),
        imu_features=torch.where(motion, given.imu_features, torch.tensor(float("inf"))),
    )
    assert torch.equal(network.join(given)[0], network.join(other)[0])
    assert torch.equal(network(network.join(given)[0]), network(network.join(other)[0]))


def test_without_the_shared_space_the_embeddings_are_not_looked_at() -> None:
    network = ScenarioNet(ScenarioConfig(sequence="none", key_frames=False)).eval()
    given, other = segments(), segments()
    other = replace(given, audio_embedding=other.audio_embedding, imu_embedding=other.imu_embedding)
    assert torch.equal(network.join(given)[0], network.join(other)[0])
    whole = ScenarioNet(ScenarioConfig(sequence="none")).eval()
    assert not torch.equal(whole(whole.join(given)[0]), whole(whole.join(other)[0]))


def test_only_a_sequence_model_knows_the_order_of_segments() -> None:
    given = segments(1)
    turned = Segments(**{name: value.flip(1) for name, value in vars(given).items()})
    for sequence in get_args(Sequence):
        torch.manual_seed(1)
        network = ScenarioNet(ScenarioConfig(sequence=sequence)).eval()
        forth, back = (network(network.join(s)[0]) for s in (given, turned))
        same = torch.allclose(forth, back, atol=1e-5)
        assert same == (sequence == "none"), sequence


@pytest.mark.parametrize("sequence", get_args(Sequence))
@pytest.mark.parametrize("count", [5, 60])
def test_windows_of_other_lengths_are_answered(sequence: Sequence, count: int) -> None:
    network = ScenarioNet(ScenarioConfig(sequence=sequence)).eval()
    assert network(network.join(segments(1, count))[0]).shape == (1, 16)
