from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from models.egolog.contrastive import Encoders
from models.labels import SOUND_EVENTS
from models.research.egolog import speech_row
from models.research.egolog.speech_row import SAMPLES, SpeechMaterial, fit, segments, separated
from models.serving.predict import MIN_EVENT

if TYPE_CHECKING:
    import pytest


def test_a_logistic_regression_tells_two_classes_apart() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(400, 3, generator=generator)
    truth = (features[:, 1] > 1).float()
    weight, bias = separated(features, truth)
    assert (((features @ weight + bias) > 0).float() == truth).float().mean() > 0.95
    assert abs(float(weight[1])) > 5 * abs(float(weight[0]))


def test_a_wave_is_cut_into_whole_segments_and_a_short_one_repeated() -> None:
    assert [len(piece) for piece in segments(np.ones(5 * 16_000, np.float32))] == [SAMPLES] * 2
    short = segments(np.arange(10, dtype=np.float32))
    assert len(short) == 1
    assert short[0][:12].tolist() == [*range(10), 0, 1]


def tone(frequency: float) -> np.ndarray:
    at = np.arange(2 * SAMPLES) / 16_000
    syllables = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * at)
    return (0.2 * syllables * np.sin(2 * np.pi * frequency * at)).astype(np.float32)


def test_only_the_row_of_speech_changes_and_its_bias_keeps_false_speech_rare(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(speech_row, "SPEAKING", 24)
    monkeypatch.setattr(speech_row, "_RENDITIONS", 1)
    torch.manual_seed(0)
    encoders = Encoders().eval().requires_grad_(False)
    before = {name: value.clone() for name, value in encoders.state_dict().items()}
    rng = np.random.default_rng(0)
    noise = [rng.normal(0, 0.1, 2 * SAMPLES).astype(np.float32) for _ in range(4)]
    fit(encoders, SpeechMaterial([tone(300), tone(500)], noise), SpeechMaterial([], noise), 0)
    after = encoders.state_dict()
    row = SOUND_EVENTS.index("speech")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"audio.events.weight", "audio.events.bias"}
    others = [at for at in range(len(SOUND_EVENTS)) if at != row]
    assert torch.equal(before["audio.events.weight"][others], after["audio.events.weight"][others])
    assert torch.equal(before["audio.events.bias"][others], after["audio.events.bias"][others])
    waves = [piece for wave in noise for piece in segments(wave)]
    features = speech_row.features_of(encoders, waves)
    probability = torch.sigmoid(encoders.audio.events(features)[:, row])
    assert float((probability > MIN_EVENT).float().mean()) < 0.3
