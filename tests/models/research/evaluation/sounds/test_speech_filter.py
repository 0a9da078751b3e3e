from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.shared_data import ESC50, SPEECH, URBANSOUND8K
from models.recordings.splits import Splits
from models.research.evaluation.sounds.speech_filter import (
    CountedAsSpeech,
    measure,
    page,
    share_as_speech,
    speaks,
)
from tests.models import small_data

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from models.serving.speech import SoundSecond

RATE = 16_000
TEST = Splits.of("test")


class Loud:
    """Takes what is loud for speech, and cannot say of silence."""

    def score(self, second: SoundSecond) -> float:
        level = float(np.abs(second.samples).max())
        return level if level else float("nan")


def wave(*levels: float) -> NDArray[np.float32]:
    """A second of noise at each level."""
    noise = np.random.default_rng(0).uniform(-1, 1, RATE).astype(np.float32)
    return np.concatenate([np.float32(level) * noise for level in levels])


def test_a_second_is_speech_from_the_bound_on_and_where_nobody_can_say() -> None:
    assert share_as_speech(Loud(), [wave(0.05, 0.5), wave(0.05)], above=0.1) == CountedAsSpeech(
        0.5, 1 / 3, 3
    )
    assert share_as_speech(Loud(), [wave(0.0)], above=0.1) == CountedAsSpeech(1.0, 1.0, 1)


def test_of_seconds_only_those_are_counted_in_which_somebody_speaks() -> None:
    waves = [wave(0.001, 0.5, 0.5, 0.001)]
    assert speaks(waves[0]) == [False, True, True, False]
    assert share_as_speech(Loud(), waves, 0.1, [speaks(waves[0])]) == CountedAsSpeech(1.0, 1.0, 2)


def test_every_kind_of_sound_is_measured_of_each_detector(tmp_path: Path) -> None:
    small_data.sounds(tmp_path / ESC50)
    small_data.speech(tmp_path / SPEECH)
    figures = measure({"loud": Loud()}, tmp_path, TEST, [0, 1], 0.1)
    assert {kind: len(runs) for kind, runs in figures["loud"].items()} == {
        "quiet": 1,
        "street": 0,
        "false": 1,
    }
    small_data.streets(tmp_path / URBANSOUND8K)
    figures = measure({"loud": Loud()}, tmp_path, TEST, [0, 1], 0.1)
    assert len(figures["loud"]["street"]) == 2
    assert figures["loud"]["quiet"][0].clips == pytest.approx(1.0)
    assert [line.split(" | ")[0] for line in page(figures).splitlines()[2:]] == [
        "| quiet",
        "| street",
        "| false",
    ]
