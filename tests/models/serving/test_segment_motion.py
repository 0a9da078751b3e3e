from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from models.serving.predict import ScenarioInput, ScenarioRecognizer
from models.serving.segment_motion import BLOCK, SegmentMotion
from models.serving.served import ENCODERS
from models.serving.window_ahead import WindowAhead
from tests.models import fresh

if TYPE_CHECKING:
    from models.serving.registry import Registry

SEGMENTS = 15


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return fresh.registry(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def encoded(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the numbers of segments that the motion encoder is given, one for each run."""
    session = registry.open(ENCODERS).sessions["motions"]
    run, sizes = session.run, list[int]()

    def noted(imu: Any) -> Any:
        sizes.append(len(imu))
        return run(imu=imu)

    monkeypatch.setattr(session, "run", noted)
    return sizes


def motion(seed: int, segments: int = SEGMENTS) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(segments, 100, 6)).astype(np.float32)


def test_a_block_is_encoded_as_if_it_were_alone(registry: Registry) -> None:
    segments = motion(0)
    [encoded] = SegmentMotion(registry).encode_all([segments])
    session = registry.open(ENCODERS).sessions["motions"]
    for begin in (0, BLOCK, 2 * BLOCK):
        block = slice(begin, begin + BLOCK)
        for got, want in zip(encoded, session.run(imu=segments[block]), strict=True):
            assert got[block].tobytes() == want.tobytes()
    assert [len(each) for each in encoded] == [SEGMENTS] * 3


def test_windows_are_encoded_independently(registry: Registry) -> None:
    one, other = motion(1), motion(2, segments=5)
    [alone] = SegmentMotion(registry).encode_all([other])
    _, together = SegmentMotion(registry).encode_all([one, other])
    for got, want in zip(together, alone, strict=True):
        assert got.tobytes() == want.tobytes()


def test_a_window_that_was_prepared_is_the_same_to_the_bit_and_mostly_done(
    registry: Registry, encoded: list[int]
) -> None:
    segments, there = motion(3), np.ones(2 * SEGMENTS, bool)
    item = ScenarioInput(None, segments.reshape(-1, 6), ~there, there)
    [at_once] = ScenarioRecognizer(registry).predict([item])
    assert encoded == [7, 7, 1]

    encoded.clear()
    prepared = ScenarioRecognizer(registry)
    for begin in (0, BLOCK):
        prepared.prepare([WindowAhead(motion=segments[begin : begin + BLOCK])])
    assert encoded == [7, 7]
    [later] = prepared.predict([item])
    assert encoded == [7, 7, 1]
    assert later.embeddings.tobytes() == at_once.embeddings.tobytes()
    assert (later.scenarios, later.motion) == (at_once.scenarios, at_once.motion)
