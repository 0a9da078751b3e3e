"""Rules of training on sound events: labels survive the changes, and the loss falls."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from models.egolog.audio_encoder import SoundEncoder, SoundEncoderConfig
from models.labels import CATEGORIES, SOUND_EVENTS
from models.recordings.datasets.esc50 import Clip
from models.research.egolog.audio import augment as audio_augment
from models.research.egolog.audio import clips as audio_clips
from models.research.egolog.audio import encoder as audio_encoder
from models.research.egolog.audio.categories import sounding, top1
from models.research.egolog.audio.clips import Pool, PoolMaker, Pools

SMALL = SoundEncoderConfig(stem=8, stages=((16, 1, 2, 2), (32, 1, 2, 2)), maps=64, features=32)
CATEGORY = {name: CATEGORIES.index(name) for name in ("dog", "frog", "rain")}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    """A short bark padded with silence, a croak that sounds throughout, and rain."""
    folder = tmp_path_factory.mktemp("clips")
    seconds = np.arange(80_000) / 16_000
    rng = np.random.default_rng(0)
    waves = {
        "dog": np.sin(2 * np.pi * 700 * seconds) * (seconds < 0.5),
        "frog": np.sin(2 * np.pi * 2500 * seconds) * (np.sin(40 * seconds) > 0),
        "rain": rng.standard_normal(80_000) * 0.3,
    }
    for name, wave in waves.items():
        soundfile.write(folder / f"{name}.flac", 0.5 * wave, 16_000)
    return [Clip(folder / f"{name}.flac", CATEGORY[name]) for name in waves]


@pytest.fixture(scope="module")
def variants(clips: list[Clip]) -> Pool:
    return PoolMaker(None).variants(clips, each=3, seed=0)


def test_variants_keep_their_clips_category_and_event(variants: Pool) -> None:
    assert variants.mel.shape == (9, 250, 64)
    assert variants.category.tolist() == list(CATEGORY.values()) * 3
    assert variants.events[0].nonzero()[0].tolist() == [SOUND_EVENTS.index("dog")]
    # A frog is none of our events, so nothing may be learned from its lack of them.
    assert variants.labelled.tolist() == [True, False, True] * 3


def test_variants_of_a_clip_differ_and_seeds_repeat_them(clips: list[Clip]) -> None:
    first, again, other = (PoolMaker(None).variants(clips, 2, seed).mel for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first[0], first[3])


def test_mixtures_name_every_event_in_them(clips: list[Clip]) -> None:
    pool = PoolMaker(None).mixtures(clips, 12, seed=0)
    assert (pool.category == -1).all()
    assert (pool.events.sum(axis=1) <= 3).all()
    assert (pool.events[pool.labelled].sum(axis=1) >= 1).all()


def test_speech_in_mixtures_is_real_where_there_is_any(clips: list[Clip]) -> None:
    at_s = np.arange(16_000) / 16_000
    tone = np.sin(2 * np.pi * 440 * at_s).astype(np.float32)
    babble, real = (
        PoolMaker(None, speech).mixtures(clips[1:], 60, seed=0) for speech in ((), (tone,))
    )
    assert np.array_equal(babble.events, real.events)
    speech = babble.events[:, SOUND_EVENTS.index("speech")] > 0
    assert speech.any()
    differ = (babble.mel != real.mel).any(axis=(1, 2))
    assert np.array_equal(differ, speech)


def test_pools_with_real_speech_are_other_files(
    clips: list[Clip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio_clips, "MIXTURES", 4)
    monkeypatch.setattr(audio_clips, "VARIANTS", 1)
    monkeypatch.setattr(audio_clips.esc50, "clips", lambda *_: clips)
    # An earlier release's, whose columns have other names.
    for name in ("originals", "variants-0", "mixtures-0", "validation"):
        np.savez(tmp_path / f"sounds-alone-{name}.npz", taught=np.zeros(1))
    for speech in ((), (np.ones(16_000, np.float32),)):
        audio_clips.pools(tmp_path, None, tmp_path, speech)
    names = {path.name for path in tmp_path.glob("*mel-mixtures*")}
    assert names == {"sounds-mel-mixtures-0.npz", "sounds-mel-mixtures-speech-0.npz"}


def test_a_pool_is_read_as_it_was_written(variants: Pool, tmp_path: Path) -> None:
    variants.save(tmp_path / "pool.npz")
    again = Pool.load(tmp_path / "pool.npz")
    assert np.array_equal(again.mel, variants.mel)
    assert np.array_equal(again.events, variants.events)


def test_looping_and_rooms_keep_five_seconds_within_full_scale() -> None:
    rng = np.random.default_rng(0)
    wave = np.sin(np.arange(8_000) / 5).astype(np.float32)
    for _ in range(20):
        out = audio_clips.vary(wave, rng)
        assert out.shape == (80_000,)
        assert 0.05 < np.abs(out).max() <= 1.0


@pytest.mark.parametrize(
    "change", ["shift_pitch", "reverberate", "add_noise", "mask_parts", "augment"]
)
def test_a_change_keeps_shape_and_stays_above_the_floor(change: str) -> None:
    mel = torch.rand(16, 120, 64) * 20
    out = getattr(audio_augment, change)(mel, np.random.default_rng(0))
    assert out.shape == mel.shape
    assert out.dtype == torch.float32
    assert (out >= 0).all()
    assert torch.isfinite(out).all()
    assert not torch.equal(out, mel)


def test_a_room_only_adds_power() -> None:
    mel = torch.zeros(8, 100, 64)
    mel[:, 20] = 15.0
    out = audio_augment.reverberate(mel, np.random.default_rng(0))
    assert (out >= mel).all()
    ringing = (out[:, 22:30] > 1).any(dim=2).any(dim=1)
    assert ringing.any()


def test_the_louder_of_two_mixed_sounds_is_louder_by_what_was_asked() -> None:
    rng = torch.Generator().manual_seed(0)
    first, second = (torch.rand(4, 100, 64, generator=rng) * 8 + low for low in (12, 5))
    for asked in (-10.0, 0.0, 10.0):
        out = audio_augment.between(first, second, torch.full((4,), asked))
        quieter = torch.log(torch.expm1(out - first)) + first
        gap = audio_augment.loudness(first) - audio_augment.loudness(quieter)
        assert torch.allclose(gap, torch.full((4,), asked * np.log(10) / 10), atol=0.2)


def test_a_crop_and_yamnets_embeddings_begin_at_the_same_patch(variants: Pool) -> None:
    marked = np.arange(9, dtype=np.float16)[None, :, None].repeat(len(variants), 0)
    pool = Pool(
        variants.mel, variants.category, variants.events, variants.labelled, marked.repeat(4, 2)
    )
    crops = audio_encoder.Crops(pool)
    rows = np.arange(len(pool))
    mel, patch = crops.draw(rows, 120, np.random.default_rng(0))
    yamnet = crops.yamnet(rows, patch, 4) * crops.deviation
    for row in rows:
        start = patch[row] * audio_encoder.PATCH_HOP
        assert np.array_equal(mel[row].numpy(), pool.mel[row, start : start + 120])
        assert np.allclose(yamnet[row, :, 0], patch[row] + np.arange(4), atol=1e-3)


@pytest.mark.training
def test_training_lowers_the_loss(variants: Pool, clips: list[Clip]) -> None:
    torch.manual_seed(0)
    loss_of = audio_encoder.SoundLoss(variants, PoolMaker(None).mixtures(clips, 8, 0))
    model = audio_encoder.AudioWithHead(SoundEncoder(SMALL), 1)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    rng = np.random.default_rng(0)
    for _ in range(12):
        loss = loss_of(model, rng)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])


def test_yamnets_embeddings_train_the_auxiliary_head(variants: Pool, clips: list[Clip]) -> None:
    rng = np.random.default_rng(0)

    def with_embeddings(pool: Pool) -> Pool:
        return replace(pool, yamnet=rng.standard_normal((len(pool), 9, 4)).astype(np.float16))

    mixtures = PoolMaker(None).mixtures(clips, 8, 0)
    loss_of = audio_encoder.SoundLoss(with_embeddings(variants), with_embeddings(mixtures))
    model = audio_encoder.AudioWithHead(SoundEncoder(SMALL), 4)
    loss_of(model, rng).backward()
    assert model.head.weight.grad is not None
    assert model.head.weight.grad.abs().sum() > 0


@pytest.mark.training
def test_a_step_of_training_moves_the_running_mean_and_is_repeatable(variants: Pool) -> None:
    three = Pool(**{field.name: getattr(variants, field.name)[:3] for field in fields(Pool)})
    pools = Pools(variants, None, three)
    settings = audio_encoder.SoundFit(minutes=10, steps=audio_encoder.MEAN_EVERY, checks=1)
    start = SoundEncoder(SMALL).eval()
    first, again = (audio_encoder.train(pools, settings, 0, start) for _ in range(2))
    assert not first.training
    assert torch.equal(first.classify.weight, again.classify.weight)
    assert not torch.equal(first.classify.weight, start.classify.weight)


def test_padding_behind_a_clip_is_not_listened_to() -> None:
    mel = torch.zeros(250, 64)
    mel[:70] = 10.0
    assert len(sounding(mel)) == 100
    assert len(sounding(torch.zeros(250, 64))) == 250


def test_top1_counts_the_clips_that_are_right(clips: list[Clip]) -> None:
    encoder = SoundEncoder(SMALL).eval()
    with torch.no_grad():
        encoder.classify.weight.zero_()
        encoder.classify.bias.zero_()
        encoder.classify.bias[CATEGORY["frog"]] = 1.0
    assert top1(encoder, clips) == pytest.approx(1 / 3)
