"""Rules of the layer that is fitted to labels: it tells sounds apart, and nothing else moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.labels import RECOGNISED_SOUNDS
from models.research.egolog.recogniser import heads
from models.research.egolog.recogniser.heads import EncodedScenes, encode_scenes, fit
from tests.models.research.egolog.recogniser import synthetic

if TYPE_CHECKING:
    import pytest

SOUND = 7


def encoded_scenes(count: int = 400) -> EncodedScenes:
    """Return features of which the first says whether one sound is there; no other ever is."""
    generator = torch.Generator().manual_seed(0)
    features = torch.rand(count, synthetic.SMALL.features, generator=generator)
    sounds = torch.zeros(count, len(RECOGNISED_SOUNDS))
    sounds[:, SOUND] = (features[:, 0] > 0.5).float()
    return EncodedScenes(features, sounds, torch.ones(sounds.shape, dtype=torch.bool))


def test_the_layer_tells_what_the_labels_say_and_the_tower_stays() -> None:
    encoder, of = synthetic.encoder(), encoded_scenes()
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    fit(encoder, of)
    with torch.inference_mode():
        probability = torch.sigmoid(encoder.output_of(of.features).logits)
    there = of.sounds[:, SOUND] > 0
    assert ((probability[:, SOUND] > 0.5) == there).float().mean() > 0.95
    others = [at for at in range(len(RECOGNISED_SOUNDS)) if at != SOUND]
    assert float(probability[:, others].max()) < 0.05
    changed = {n for n, value in encoder.state_dict().items() if not torch.equal(value, before[n])}
    assert changed == {"events.weight", "events.bias"}


def test_nothing_is_learned_of_what_nobody_labelled() -> None:
    encoder, of = synthetic.encoder(), encoded_scenes()
    wrong = of.features[:, 1] > 0.5
    of.sounds[wrong, SOUND] = 1 - of.sounds[wrong, SOUND]
    of.known[wrong, SOUND] = False
    fit(encoder, of)
    with torch.inference_mode():
        logits = encoder.output_of(of.features).logits[:, SOUND]
    there = of.features[:, 0] > 0.5
    assert ((logits > 0) == there).float().mean() > 0.95


def test_features_come_with_their_scenes_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "BATCHES", 1)
    monkeypatch.setattr(heads, "BATCH", 2)
    of = encode_scenes(synthetic.encoder(), synthetic.scenes(), 0)
    assert of.features.shape == (len(of.sounds), synthetic.SMALL.features)
    assert of.sounds.shape == of.known.shape == (len(of.sounds), len(RECOGNISED_SOUNDS))
    assert (of.sounds.sum(dim=1) >= 1).all()
