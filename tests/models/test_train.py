"""Rules of training: a few steps lower the loss, and nothing leaks between splits."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.contrastive import Encoders
from models.labels import ACTIVITIES, SOUND_EVENTS
from models.localization import Localization, LocalizationConfig
from models.training import augment, encoded, encoders, localization
from models.training.clips import Clips, Material, clips
from models.training.fit import Fit, fit
from models.training.metrics import chance_f1, macro_f1, mean_average_precision, micro_f1
from models.training.sources import Sources
from schemas.evidence import REGIONS


@pytest.fixture(scope="module")
def spatial(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return clips("spatial", range(8), Material(), tmp_path_factory.mktemp("clips"))


def test_clips_have_the_features_of_whole_seconds(spatial: Clips) -> None:
    assert spatial.maps.shape == (8, 5, 3, 50, 64)
    assert spatial.mel.shape == (8, 250, 64)
    assert spatial.imu.shape == (8, 250, 6)
    assert spatial.regions.shape == (8, 5, 8)
    assert (spatial.mel >= 0).all()


def test_clips_are_made_once_and_then_read(tmp_path: Path) -> None:
    made = clips("spatial", range(2), Material(), tmp_path)
    stamps = {f: f.stat().st_mtime_ns for f in tmp_path.rglob("*.npy")}
    again = clips("spatial", range(2), Material(), tmp_path)
    assert np.array_equal(made.maps, again.maps)
    assert {f: f.stat().st_mtime_ns for f in tmp_path.rglob("*.npy")} == stamps


def test_splits_draw_from_other_seeds(tmp_path: Path) -> None:
    drawn = [
        Sources(split, 0, tmp_path, None).simulated("spatial", 2)
        for split in ("train", "validation", "test")
    ]
    assert not np.array_equal(drawn[0].maps, drawn[1].maps)
    assert not np.array_equal(drawn[1].maps, drawn[2].maps)


def test_a_few_steps_of_localization_lower_the_loss(spatial: Clips) -> None:
    torch.manual_seed(0)
    network = Localization(LocalizationConfig(channels=(8, 16, 16), hidden=32))
    seconds = localization.Seconds(spatial)
    fitted = fit(
        "localization",
        network,
        lambda rng: localization.loss_of(network, seconds, rng, batch=16),
        lambda: micro_f1(localization.predict(network, seconds), seconds.regions),
        Fit(minutes=1, rate=3e-3, steps=25, checks=2),
        seed=0,
    )
    assert len(fitted.losses) == 25
    assert np.mean(fitted.losses[-5:]) < 0.8 * np.mean(fitted.losses[:5])
    assert not network.training


def test_a_few_steps_of_the_encoders_lower_the_loss(spatial: Clips) -> None:
    torch.manual_seed(0)
    model = encoders.Trained(Encoders())
    data = encoders.Segments.of(spatial)
    fitted = fit(
        "encoders",
        model,
        lambda rng: encoders.pairs_loss(model, data, rng),
        lambda: encoders.sound_event_map(model.encoders, data),
        Fit(minutes=1, rate=3e-3, steps=25, checks=2),
        seed=0,
    )
    assert np.mean(fitted.losses[-4:]) < 0.9 * np.mean(fitted.losses[:4])


def test_fit_keeps_the_weights_that_validated_best() -> None:
    network = torch.nn.Linear(1, 1)
    seen: list[float] = []

    def score() -> float:
        seen.append(network.weight.item())
        return -abs(len(seen) - 2)

    fit("x", network, lambda _rng: network.weight.sum(), score, Fit(1, steps=40, checks=4), 0)
    assert len(seen) == 4
    assert network.weight.item() == seen[1]


def test_mirrored_maps_are_those_of_swapped_ears(spatial: Clips) -> None:
    from models.features import Features

    sound = np.random.default_rng(0).normal(0, 0.1, (2, 16_000)).astype(np.float32)
    sound[1] = np.roll(sound[0], 4)
    there = np.ones(16_000, dtype=bool)
    features = Features()
    plain, swapped = (
        torch.from_numpy(features.audio(s, 16_000, there)["maps"].astype(np.float32))[None]
        for s in (sound, np.ascontiguousarray(sound[::-1]))
    )
    regions = torch.eye(8)[[REGIONS.index("left-far")]]
    maps, _, named = augment.mirrored(plain, torch.zeros(1, 50, 6), regions)
    torch.testing.assert_close(maps[..., 1:], swapped[..., 1:], atol=2e-3, rtol=1e-3)
    assert named[0].argmax() == REGIONS.index("right-far")


def test_a_mirrored_motion_turns_the_other_way() -> None:
    imu = torch.zeros(1, 50, 6)
    imu[..., 2], imu[..., 5] = 9.8, 1.0
    _, turned, _ = augment.mirrored(torch.zeros(1, 3, 50, 64), imu, torch.zeros(1, 8))
    assert (turned[..., 2] == 9.8).all()
    assert (turned[..., 5] == -1.0).all()


def test_silence_stays_silence_when_levels_change() -> None:
    mel = torch.full((4, 10, 64), 8.0)
    mel[:, 5:] = 0
    changed = augment.coloured(mel, np.random.default_rng(0))
    assert not changed[:, 5:].any()
    assert changed[:, :5].std(dim=0).mean() > 0.3


def test_segments_take_the_activity_of_their_middle(spatial: Clips) -> None:
    shown = encoders.Segments.of(spatial)
    assert shown.activities.shape == (8, 2)
    assert (shown.activities == spatial.activities[:, :1]).all()
    assert shown.events.shape == (8, 2, len(SOUND_EVENTS))
    assert shown.activities.max() < len(ACTIVITIES)


def test_encoding_clips_equals_encoding_their_segments(spatial: Clips) -> None:
    network = Encoders().eval()
    seen = encoded.segments_of(network, spatial.mel, spatial.imu)
    third = torch.from_numpy(spatial.mel[2:3, 100:200].astype(np.float32))
    with torch.inference_mode():
        alone = network.audio(third).features
    torch.testing.assert_close(seen.audio_features[2, 1:2], alone, atol=1e-5, rtol=1e-4)


def test_scores_know_right_from_wrong() -> None:
    truth = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=np.float32)
    assert micro_f1(truth, truth) == mean_average_precision(truth, truth) == 1
    assert micro_f1(1 - truth, truth) == 0
    assert 0.4 < chance_f1(truth) < 0.7
    assert mean_average_precision(np.tile([0.3, 0.2, 0.1], (4, 1)), truth) < 0.8
    assert macro_f1(np.array([0, 0, 0, 0]), np.array([0, 0, 1, 1])) == pytest.approx(1 / 3)
