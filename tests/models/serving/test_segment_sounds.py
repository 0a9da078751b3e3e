from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.serving.predict import ScenarioInput, ScenarioRecognizer
from models.serving.segment_sounds import LoudestAhead, SegmentSounds, levels, tagged_count
from models.serving.window_ahead import WindowAhead
from tests.models import fresh

if TYPE_CHECKING:
    from models.serving.registry import Registry

SEGMENTS = 15


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return fresh.registry(tmp_path_factory.mktemp("weights"))


def sound(seed: int, segments: int = SEGMENTS) -> np.ndarray:
    rng = np.random.default_rng(seed)
    loud = rng.uniform(0, 10, (segments, 1, 1))
    return (loud + rng.uniform(5, 10, (segments, 100, 64))).astype(np.float16)


@given(st.permutations(range(SEGMENTS)))
def test_what_is_handed_out_ahead_is_named_whatever_comes(loudness: list[int]) -> None:
    segments = np.array(loudness, np.float32)[:, None, None] * np.ones((1, 2, 2), np.float32)
    ahead, handed_out = LoudestAhead(SEGMENTS), list[int]()
    for number in range(SEGMENTS - 1):
        handed_out += [int(mel[0, 0]) for mel in ahead.push(number, segments[number])]
    assert len(handed_out) == tagged_count(SEGMENTS) - 1 == 10
    assert set(handed_out) <= set(range(SEGMENTS - 11, SEGMENTS))


def test_a_segment_that_is_missing_makes_nothing_certain_that_is_not_named() -> None:
    ahead, segments = LoudestAhead(SEGMENTS), sound(1)
    parts = [ahead.push(number, segments[number]) for number in (0, 1, 2, 9, 12)]
    # Of the two to come both may be louder, and the ten that never came are silent.
    assert [len(part) for part in parts] == [0, 0, 0, 4, 1]


def test_the_level_is_the_mean_of_a_segments_log_mel() -> None:
    np.testing.assert_allclose(levels(np.full((2, 4, 3), 2.5, np.float16)), [2.5, 2.5])


def test_a_window_that_was_prepared_is_the_same_to_the_bit_and_mostly_done(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    segments, there = sound(2), np.ones(2 * SEGMENTS, bool)
    item = ScenarioInput(segments.reshape(-1, 64), None, there, ~there)
    [at_once] = ScenarioRecognizer(registry).predict([item])

    sounds = SegmentSounds(registry)
    prepared = ScenarioRecognizer(registry, segment_sounds=sounds)
    session = sounds._session
    run, shapes = session.run, list[tuple[int, ...]]()

    def noted(mel: Any) -> Any:
        shapes.append(mel.shape)
        return run(mel=mel)

    monkeypatch.setattr(session, "run", noted)
    ahead = LoudestAhead(SEGMENTS)
    for number in range(SEGMENTS - 1):
        loudest = ahead.push(number, segments[number])
        prepared.prepare([WindowAhead(segments[number], loudest)])
    assert shapes == [(1, 100, 64)] * 10
    [later] = prepared.predict([item])
    assert shapes == [(1, 100, 64)] * 11
    assert (later.sound_events, later.scenarios, later.key_frames) == (
        at_once.sound_events,
        at_once.scenarios,
        at_once.key_frames,
    )
    assert later.embeddings.tobytes() == at_once.embeddings.tobytes()


def test_segments_without_sound_are_not_computed(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    sounds = SegmentSounds(registry)
    recognizer = ScenarioRecognizer(registry, segment_sounds=sounds)
    session = sounds._session
    run, runs = session.run, list[int]()

    def noted(mel: Any) -> Any:
        runs.append(len(mel))
        return run(mel=mel)

    monkeypatch.setattr(session, "run", noted)
    has_sound = np.zeros(2 * SEGMENTS, bool)
    has_sound[6:9] = True
    mel = np.where(has_sound.repeat(50)[:, None], sound(3).reshape(-1, 64), np.float16(0))
    recognizer.predict([ScenarioInput(mel, None, has_sound, np.zeros_like(has_sound))])
    assert runs == [1, 1]
