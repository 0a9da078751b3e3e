from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.recordings.formats.arrays import ImuArray, load
from models.recordings.protocol import RecordingError

VALUES = np.arange(6 * 333, dtype=np.int16).reshape(-1, 6)
RECORDING = ImuArray("r", "d", "s", 7, 50.0, VALUES, np.full(6, 2, np.float32))


@given(st.floats(0.02, 10), st.integers(0, 6))
def test_chunks_of_any_size_are_the_same_stream(chunk_s: float, start_s: int) -> None:
    rows = [np.concatenate([c.acc, c.gyro], axis=1) for c in RECORDING.imu(chunk_s, start_s)]
    np.testing.assert_array_equal(np.concatenate(rows), VALUES[start_s * 50 :] / 2)


def test_a_missing_or_damaged_file_is_one_line_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"none\.npz' does not exist"):
        load(tmp_path / "none.npz", ["signal"])
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(RecordingError, match=r"bad\.npz' is not a readable \.npz"):
        load(tmp_path / "bad.npz", ["signal"])
    np.savez(tmp_path / "other.npz", data=VALUES)
    with pytest.raises(RecordingError, match=r"lacks signal; it holds data"):
        load(tmp_path / "other.npz", ["signal"])
