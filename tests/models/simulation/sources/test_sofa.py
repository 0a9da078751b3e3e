from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from models.recordings.protocol import RecordingError
from models.simulation.acoustics.ears import DIRECTIONS, NFFT
from models.simulation.sources.sofa import read_head, read_sofa
from tests.models.simulation.sources.measured_files import AROUND, LEVELS, sofa_file

if TYPE_CHECKING:
    from pathlib import Path


def test_places_are_counted_counter_clockwise_from_ahead(tmp_path: Path) -> None:
    room = read_sofa(sofa_file(tmp_path / "room_16k.sofa"))
    np.testing.assert_allclose(room.azimuth, [0, np.pi / 2, -np.pi / 2])
    assert room.name == "room_16k"
    np.testing.assert_array_equal(room.distance_m, [1.5, 1.5, 1.5])


def test_places_in_metres_are_those_of_angles(tmp_path: Path) -> None:
    path = sofa_file(tmp_path / "room_16k.sofa")
    with h5py.File(path, "r+") as file:
        file["SourcePosition"][:] = [[1.5, 0, 0], [1e-9, 1.5, 0], [0, -1.0, -1.1180339887]]
        file["SourcePosition"].attrs["Type"] = np.bytes_(b"cartesian")
    room = read_sofa(path)
    np.testing.assert_allclose(room.azimuth, [0, np.pi / 2, -np.pi / 2], atol=1e-6)
    # Not one distance for each last bit of a root.
    assert room.distance_m.tolist() == [1.5, 1.5, 1.5]


def test_distances_that_are_not_of_metres_are_refused(tmp_path: Path) -> None:
    path = sofa_file(tmp_path / "room_16k.sofa")
    with h5py.File(path, "r+") as file:
        file["SourcePosition"][1, 2] = 150.0
    with pytest.raises(RecordingError, match=r"has a source at 150; expected metres, 0\.1"):
        read_sofa(path)


def test_a_file_that_counts_clockwise_is_turned_round(tmp_path: Path) -> None:
    room = read_sofa(sofa_file(tmp_path / "room_16k.sofa", levels=LEVELS[:, ::-1]))
    np.testing.assert_allclose(room.azimuth, [0, -np.pi / 2, np.pi / 2])


def test_the_left_ear_comes_first_whatever_the_order_of_the_file(tmp_path: Path) -> None:
    one = read_sofa(sofa_file(tmp_path / "one.sofa"))
    other = read_sofa(sofa_file(tmp_path / "other.sofa", levels=LEVELS[:, ::-1], left_y=-0.09))
    np.testing.assert_array_equal(one.responses, other.responses)
    np.testing.assert_array_equal(one.azimuth, other.azimuth)


def test_another_sampling_rate_is_named(tmp_path: Path) -> None:
    path = sofa_file(tmp_path / "room.sofa", rate=48_000)
    with pytest.raises(RecordingError, match=r"room\.sofa is sampled at 48000 Hz; expected 16000"):
        read_sofa(path)


def test_a_file_that_is_no_sofa_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "room.sofa"
    path.write_bytes(b"no such thing")
    with pytest.raises(RecordingError, match=r"room\.sofa is no SOFA file"):
        read_sofa(path)


def test_a_file_without_responses_names_what_is_missing(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "room.sofa", "w") as file:
        file["Data.SamplingRate"] = [16_000.0]
    with pytest.raises(RecordingError, match=r"Data\.IR"):
        read_sofa(tmp_path / "room.sofa")


def test_a_heads_ring_has_unit_power_and_its_left_ear_first(tmp_path: Path) -> None:
    levels = np.ones((72, 2), np.float32)
    levels[18] = [2.0, 0.5]
    head = read_head(sofa_file(tmp_path / "head.sofa", AROUND, levels, rate=44_100))
    assert head.ring.shape == (DIRECTIONS, 2, NFFT // 2 + 1)
    assert head.distance_m == 1.5
    power = np.square(np.abs(head.ring[:, :, 10:400])).mean(axis=2)
    assert power[18, 0] / power[18, 1] == pytest.approx(16, rel=0.01)
    assert power.mean() == pytest.approx(1.0, rel=0.2)
    other = read_head(
        sofa_file(tmp_path / "other.sofa", AROUND, levels[:, ::-1], rate=44_100, left_y=-0.09)
    )
    np.testing.assert_array_equal(head.ring, other.ring)


def test_a_head_that_lacks_a_direction_is_refused(tmp_path: Path) -> None:
    path = sofa_file(tmp_path / "head.sofa", AROUND[:-1], np.ones((71, 2), np.float32))
    expected = r"head\.sofa has no response at 355 degrees and elevation 0; expected one every 5"
    with pytest.raises(RecordingError, match=expected):
        read_head(path)
