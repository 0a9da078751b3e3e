from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from models.recordings.datasets import ego4d
from models.recordings.report import SetReport
from models.recordings.session import SessionRecording, safe, sound_file
from tests.models.recordings import paper_sets
from tests.models.recordings.opened_sets import of_ego4d, of_egoadl, of_samosa, of_self_collected
from tests.models.recordings.paper_sets import VIDEO

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("opened", [of_ego4d, of_egoadl, of_samosa, of_self_collected])
@pytest.mark.parametrize(("chunk_s", "start_s"), [(0.37, 0.0), (1.0, 1.1), (10.0, 3.0)])
def test_any_chunk_size_and_any_start_give_the_same_stream(
    tmp_path: Path, opened: object, chunk_s: float, start_s: float
) -> None:
    recording: SessionRecording = opened(tmp_path)  # type: ignore[operator]
    from_ns = recording.start_ns + round(start_s * 1e9)

    def motions(chunk_s: float, start_s: float) -> dict[int, bytes]:
        rate = recording.imu_rate or 1
        return {
            round((c.t_ns + i * 1e9 / rate) / 1e3): row.tobytes()
            for c in recording.imu(chunk_s, start_s)
            for i, row in enumerate(np.concatenate([c.acc, c.gyro], axis=1))
        }

    whole = np.concatenate([c.samples for c in recording.audio()])
    tail = np.concatenate([c.samples for c in recording.audio(chunk_s, start_s)])
    np.testing.assert_array_equal(tail, whole[len(whole) - len(tail) :])
    assert next(recording.audio(chunk_s, start_s)).t_ns >= from_ns
    everything = motions(1.0, 0.0)
    wanted = {t: row for t, row in everything.items() if t * 1_000 >= from_ns - 1_000}
    assert motions(chunk_s, start_s) == wanted


def test_reading_again_counts_no_row_twice(tmp_path: Path) -> None:
    paper_sets.ego4d(tmp_path, [{**VIDEO, "uid": f"v{n}"} for n in range(12)])
    path = tmp_path / "v2" / "imu" / "v0.csv"
    path.write_text(path.read_text() + "0,1.0\n")
    found = ego4d.open_set(tmp_path)
    first = np.concatenate([c.acc for c in found[0].imu()])
    for _ in range(2):
        assert all(recording.imu_rate == 200.0 for recording in found)
    np.testing.assert_array_equal(np.concatenate([c.acc for c in found[0].imu()]), first)
    assert found[0].report.rows[path].total == 1


def test_names_are_safe_for_topics() -> None:
    assert safe("samosa-7-Drill in use/1") == "samosa-7-Drill-in-use-1"
    assert safe("é") == "-"
    assert len(safe("x" * 200)) == 64


@pytest.mark.parametrize(
    ("rate", "channels", "frames", "reason"),
    [
        (4_000, 1, 100, "sample rate is 4000 Hz; expected 8000 to 48000"),
        (16_000, 3, 100, "has 3 channels; expected 1, 2 or 4"),
        (16_000, 1, 0, "holds no samples"),
    ],
)
def test_sound_that_cannot_be_streamed_is_named(
    tmp_path: Path, rate: int, channels: int, frames: int, reason: str
) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros((frames, channels)), rate)
    report = SetReport()
    assert sound_file(tmp_path / "x.wav", report) is None
    assert str(report) == f"1 file skipped: x.wav ({reason})"


def test_floating_point_sound_is_scaled(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", np.array([0.5, -0.5, 2.0]), 16_000, subtype="FLOAT")
    sound = sound_file(tmp_path / "x.wav", SetReport())
    assert sound is not None
    assert sound.read(0, 3)[:, 0].tolist() == [16_384, -16_384, 32_767]
