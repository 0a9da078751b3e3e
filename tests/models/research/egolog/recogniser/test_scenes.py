"""Rules of drawn scenes: what is in them and what their labels say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from models.labels import CATEGORIES, RECOGNISED_SOUNDS
from models.research.egolog.recogniser import scenes as of_scenes
from models.research.egolog.recogniser.scenes import Scenes
from tests.models.research.egolog.recogniser import synthetic

if TYPE_CHECKING:
    import pytest

DOG, SPEECH, SIREN = (RECOGNISED_SOUNDS.index(name) for name in synthetic.TONES)
SECONDS = 32_000


def test_a_seed_repeats_its_scenes_and_another_draws_others() -> None:
    one, again, other = (
        synthetic.scenes().draw(4, SECONDS, np.random.default_rng(seed)).wave for seed in (1, 1, 2)
    )
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert one.shape == (4, SECONDS)
    assert float(one.abs().amax()) <= 1


def test_labels_say_what_sounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_scenes, "SOURCE_SHARES", (1.0, 0.0, 0.0))
    scene = synthetic.scenes().draw(24, SECONDS, np.random.default_rng(0))
    assert (scene.sounds.sum(dim=1) == 1).all()
    hertz = torch.fft.rfftfreq(SECONDS, 1 / 16_000)
    loudest = hertz[torch.fft.rfft(scene.wave).abs().argmax(dim=1)]
    expected = torch.tensor([float(f) for f in synthetic.TONES.values()])
    named = expected[scene.sounds[:, [DOG, SPEECH, SIREN]].argmax(dim=1)]
    # Speeds differ by a third at most.
    assert ((loudest / named > 0.7) & (loudest / named < 1.4)).all()


def test_nothing_is_learned_of_what_nobody_labelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_scenes, "SOURCE_SHARES", (1.0, 0.0, 0.0))
    scene = synthetic.scenes().draw(24, SECONDS, np.random.default_rng(0))
    dogs = scene.sounds[:, DOG] > 0
    assert dogs.any()
    assert not scene.known[dogs, SPEECH].any()
    # What a recording is called is known of it.
    assert scene.known[dogs, DOG].all()
    assert scene.known[~dogs, SPEECH].all()
    assert scene.known[:, SIREN].all()


def test_categories_are_shared_by_level_among_what_has_one() -> None:
    scene = synthetic.scenes().draw(48, SECONDS, np.random.default_rng(0))
    has = [CATEGORIES.index(name) for name in ("dog", "siren")]
    assert scene.categories[:, [at for at in range(50) if at not in has]].sum() == 0
    sums = scene.categories.sum(dim=1)
    assert torch.allclose(sums, scene.categorised.float(), atol=1e-5)
    assert not scene.categorised.all()


def test_a_source_that_may_be_masked_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_scenes, "SOURCE_SHARES", (0.0, 1.0, 0.0))
    monkeypatch.setattr(of_scenes, "OTHERS_DB", (-15.0, -14.0))
    recordings = [synthetic.recording(name, synthetic.TONES[name]) for name in ("dog", "siren")]
    scene = Scenes(recordings, torch.device("cpu")).draw(24, SECONDS, np.random.default_rng(0))
    one = scene.sounds.sum(dim=1) == 1
    assert one.all()
    masked = ~scene.known[:, [DOG, SIREN]]
    assert masked.any()
    assert (scene.sounds[:, [DOG, SIREN]][masked] == 0).all()
