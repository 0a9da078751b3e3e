from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.protocol import RecordingError
from models.simulation.acoustics.ears import DIRECTIONS, NFFT
from models.simulation.sources.dummy_head import read_dummy_head
from tests.models.simulation.sources.measured_files import dummy_head_file

if TYPE_CHECKING:
    from pathlib import Path


def test_rings_are_sorted_by_distance_and_turn_counter_clockwise(tmp_path: Path) -> None:
    head = read_dummy_head(dummy_head_file(tmp_path / "head.npz"))
    assert head.distances_m.tolist() == [0.5, 3.25]
    assert head.rings.shape == (2, DIRECTIONS, 2, NFFT // 2 + 1)
    left, right = np.square(np.abs(head.rings[0, 90 // 5])).mean(axis=-1)
    assert left == pytest.approx(4 * right, rel=1e-3)


def test_the_ring_nearest_to_a_distance_is_used(tmp_path: Path) -> None:
    head = read_dummy_head(dummy_head_file(tmp_path / "head.npz"))
    assert np.array_equal(head.responses(0.7), head.rings[0])
    assert np.array_equal(head.responses(2.0), head.rings[1])


def test_a_missing_direction_is_named(tmp_path: Path) -> None:
    turns = np.tile(np.arange(-180, 180, 5), 2).astype(np.float32)
    turns[turns == 35] = 36
    with pytest.raises(RecordingError, match=r"no response at 35 degrees and 0\.5 m"):
        read_dummy_head(dummy_head_file(tmp_path / "head.npz", azimuth_deg=turns))


def test_another_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="48000 Hz; expected 16000"):
        read_dummy_head(dummy_head_file(tmp_path / "head.npz", sample_rate=np.int32(48_000)))
