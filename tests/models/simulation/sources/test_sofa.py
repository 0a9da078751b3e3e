from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from models.recordings.protocol import RecordingError
from models.simulation.sources.sofa import read_sofa

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# Louder in the ear that is turned to the source: (places, ears) for 0°, 90° and 270°.
LEVELS = np.array([[1.0, 1.0], [2.0, 0.5], [0.5, 2.0]], np.float32)


def write(
    path: Path,
    azimuth: tuple[float, ...] = (0, 90, 270),
    levels: NDArray[np.float32] = LEVELS,
    rate: float = 16_000,
    left_y: float = 0.09,
) -> Path:
    responses = np.zeros((len(azimuth), 2, 8), np.float32)
    responses[:, :, 0] = levels
    with h5py.File(path, "w") as file:
        file["Data.IR"] = responses
        file["Data.SamplingRate"] = [rate]
        file["SourcePosition"] = [[angle, 0.0, 1.5] for angle in azimuth]
        file["ReceiverPosition"] = np.array([[0, left_y, 0], [0, -left_y, 0]])[..., None]
    return path


def test_places_are_counted_counter_clockwise_from_ahead(tmp_path: Path) -> None:
    room = read_sofa(write(tmp_path / "room_16k.sofa"))
    np.testing.assert_allclose(room.azimuth, [0, np.pi / 2, -np.pi / 2])
    assert room.name == "room_16k"
    np.testing.assert_array_equal(room.distance_m, [1.5, 1.5, 1.5])


def test_a_file_that_counts_clockwise_is_turned_round(tmp_path: Path) -> None:
    room = read_sofa(write(tmp_path / "room_16k.sofa", levels=LEVELS[:, ::-1]))
    np.testing.assert_allclose(room.azimuth, [0, -np.pi / 2, np.pi / 2])


def test_the_left_ear_comes_first_whatever_the_order_of_the_file(tmp_path: Path) -> None:
    one = read_sofa(write(tmp_path / "one.sofa"))
    other = read_sofa(write(tmp_path / "other.sofa", levels=LEVELS[:, ::-1], left_y=-0.09))
    np.testing.assert_array_equal(one.responses, other.responses)
    np.testing.assert_array_equal(one.azimuth, other.azimuth)


def test_another_sampling_rate_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "room.sofa", rate=48_000)
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
