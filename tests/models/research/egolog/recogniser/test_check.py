"""Rules of the validation figures, and of the bias that keeps false speech rare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from models.labels import CATEGORIES, RECOGNISED_SOUNDS
from models.recordings.shared_data import ESC50, SPEECH, URBANSOUND8K
from models.research.egolog.recogniser import check
from models.research.egolog.recogniser.check import (
    FALSE_ABOVE,
    SPEECH_SOUND,
    CheckMaterial,
    figures,
    speech_logits,
    with_rare_false_speech,
)
from models.serving.predict import MIN_EVENT
from tests.models import small_data
from tests.models.research.egolog.recogniser import synthetic

if TYPE_CHECKING:
    from pathlib import Path

    from models.egolog.audio_encoder import SoundEncoder


def always(sound: str) -> SoundEncoder:
    """Return an encoder that hears one sound in everything."""
    encoder = synthetic.encoder()
    with torch.no_grad():
        for layer in (encoder.events, encoder.classify):
            layer.weight.zero_()
            layer.bias.fill_(-5.0)
        encoder.events.bias[RECOGNISED_SOUNDS.index(sound)] = 5.0
        encoder.classify.bias[CATEGORIES.index(sound)] = 5.0
    return encoder.requires_grad_(False)


def test_figures_are_shares_of_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    mels = [torch.rand(100, 64) for _ in range(4)]
    monkeypatch.setattr(check, "top1", lambda _encoder, clips: len(clips) / 10)
    material = CheckMaterial(
        [], [(mels[0], "dog"), (mels[1], "engine")], speech=mels[:1], others=mels
    )
    assert figures(always("dog"), material) == {
        "esc50": 0.0,
        "street": 0.5,
        "speech": 0.0,
        "false": 0.0,
    }


def test_speech_is_heard_where_a_segment_has_it_and_rarely_elsewhere() -> None:
    torch.manual_seed(0)
    encoder = synthetic.encoder().requires_grad_(False)
    others = [torch.rand(250, 64) * 10 for _ in range(100)]
    material = CheckMaterial([], [], [], others)
    bias = encoder.events.bias.clone()
    with_rare_false_speech(encoder, material)
    changed = (encoder.events.bias != bias).nonzero().flatten().tolist()
    assert changed == [SPEECH_SOUND]
    detected = torch.sigmoid(speech_logits(encoder, others)) > MIN_EVENT
    assert float(detected.float().mean()) == pytest.approx(FALSE_ABOVE, abs=0.015)


def test_material_is_of_the_split_and_clips_of_people_are_no_false_speech(tmp_path: Path) -> None:
    small_data.sounds(tmp_path / ESC50)
    small_data.streets(tmp_path / URBANSOUND8K)
    small_data.speech(tmp_path / SPEECH)
    material = CheckMaterial.read(tmp_path, "test")
    people = sum(CATEGORIES[clip.category] == "clapping" for clip in material.clips)
    assert people == 1
    assert sorted(parent for _, parent in material.street) == [
        "crowd",
        "dog",
        "dog",
        "power tools",
    ]
    assert len(material.others) == len(material.clips) - people + 3
    assert len(material.speech) == 3
    assert all(mel.shape == (100, 64) for mel in material.speech)
