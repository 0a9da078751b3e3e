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


def test_a_direction_has_the_response_nearest_to_it(tmp_path: Path) -> None:
    path = dummy_head_file(tmp_path / "head.npz")
    with np.load(path) as file:
        arrays = dict(file)
    coarse = arrays["azimuth_deg"] % 15 == 0
    head = read_dummy_head(
        dummy_head_file(
            path, **{name: arrays[name][coarse] for name in ("hrir", "azimuth_deg", "distance_m")}
        )
    )
    power = np.square(np.abs(head.rings[0])).mean(axis=-1)
    louder = [place * 5 for place, (left, right) in enumerate(power) if left > 2 * right]
    assert louder == [85, 90, 95]


@pytest.mark.parametrize("absent", [(50,), (170, 175, -180, -175)])
def test_a_missing_direction_is_named(tmp_path: Path, absent: tuple[int, ...]) -> None:
    turns = np.tile(np.arange(-180, 180, 5), 2)
    kept = ~np.isin(turns, [turn + away for turn in absent for away in (-5, 0, 5)])
    kept[:72] = True
    with np.load(dummy_head_file(tmp_path / "head.npz")) as file:
        changes = {name: file[name][kept] for name in ("hrir", "azimuth_deg", "distance_m")}
    with pytest.raises(RecordingError, match=r"no response at \d+ degrees and 0\.5 m"):
        read_dummy_head(dummy_head_file(tmp_path / "head.npz", **changes))


def test_only_the_horizontal_ring_is_used(tmp_path: Path) -> None:
    path = dummy_head_file(tmp_path / "head.npz")
    level = read_dummy_head(path)
    with np.load(path) as file:
        arrays = {name: file[name] for name in ("hrir", "azimuth_deg", "distance_m")}
    changes = {name: np.concatenate([values, values]) for name, values in arrays.items()}
    changes["hrir"][144:, 1] *= 3
    above = np.repeat([0.0, 40.0], 144)
    np.testing.assert_array_equal(
        read_dummy_head(dummy_head_file(path, **changes, elevation_deg=above)).rings, level.rings
    )


@pytest.mark.parametrize("factor", [100.0, -1.0])
def test_distances_that_are_not_of_metres_are_refused(tmp_path: Path, factor: float) -> None:
    metres = np.repeat(np.array([3.25, 0.5]), 72) * factor
    with pytest.raises(RecordingError, match=r"has a source at -?[35].*; expected metres, 0\.1"):
        read_dummy_head(dummy_head_file(tmp_path / "head.npz", distance_m=metres))


def test_a_silent_response_is_refused(tmp_path: Path) -> None:
    hrir = np.full((144, 2, 43), 0.25, np.float16)
    hrir[7, 1] = 0
    with pytest.raises(RecordingError, match=r"head\.npz has 1 silent responses of 288"):
        read_dummy_head(dummy_head_file(tmp_path / "head.npz", hrir=hrir))


def test_another_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="48000 Hz; expected 16000"):
        read_dummy_head(dummy_head_file(tmp_path / "head.npz", sample_rate=np.int32(48_000)))
