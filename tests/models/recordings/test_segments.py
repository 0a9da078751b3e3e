from pathlib import Path

import numpy as np
import pytest

from models.features import Features
from models.recordings.datasets.ego4d import open_set
from models.recordings.datasets.self_collected import open_set as open_sessions
from models.recordings.formats.arrays import ImuArray
from models.recordings.segments import cut
from tests.models.recordings import paper_sets
from tests.models.recordings.paper_sets import VIDEO


def test_a_stretch_is_the_recording_between_two_times(tmp_path: Path) -> None:
    paper_sets.ego4d(tmp_path, [VIDEO])
    (recording,) = open_set(tmp_path)
    whole = cut(recording, 0.0, 8, Features())
    part = cut(recording, 2.0, 3, Features())
    assert part.wave.shape == (48_000,)
    np.testing.assert_array_equal(part.wave, whole.wave[32_000:80_000])
    np.testing.assert_array_equal(part.imu, whole.imu[100:250])
    assert part.has_audio.all()
    assert part.has_imu.all()


def test_what_lies_outside_is_masked_and_zero(tmp_path: Path) -> None:
    paper_sets.ego4d(tmp_path, [{**VIDEO, "late": 1.0}])
    (recording,) = open_set(tmp_path)
    stretch = cut(recording, 0.0, 12, Features())
    assert stretch.has_audio.tolist() == [False] + [True] * 8 + [False] * 3
    assert stretch.has_imu.tolist() == [True] * 8 + [False] * 4
    assert not stretch.wave[:16_000].any()
    assert not stretch.imu[400:].any()


@pytest.mark.parametrize("start_s", [0.0, 1.37])
def test_a_hole_of_motion_is_a_second_that_did_not_move(tmp_path: Path, start_s: float) -> None:
    paper_sets.ego4d(tmp_path, [VIDEO])
    path = tmp_path / "v2" / "imu" / "aa-1.csv"
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *rows[:600], *rows[1_000:]]) + "\n")
    (recording,) = open_set(tmp_path)
    stretch = cut(recording, start_s, 6, Features())
    gone = [start_s + s for s in np.flatnonzero(~stretch.has_imu)]
    assert 1 <= len(gone) <= 3
    assert all(2.5 <= at <= 5 for at in gone)


def test_any_rate_and_channel_count_becomes_16_khz_mono(tmp_path: Path) -> None:
    paper_sets.self_collected(tmp_path, "glasses/anna/01", channels=4)
    (recording,) = open_sessions(tmp_path)
    stretch = cut(recording, 0.0, 6, Features())
    assert stretch.wave.shape == (96_000,)
    assert np.argmax(np.abs(np.fft.rfft(stretch.wave))) == 500 * 6
    assert abs(stretch.imu[:, 2].mean() - 9.81) < 0.05


@pytest.mark.parametrize("rate", [33.333, 49.9, 52.08])
def test_motion_of_a_fractional_rate_has_fifty_rows_a_second(rate: float) -> None:
    count = int(20 * rate)
    values = np.repeat((np.arange(count) / rate)[:, None], 6, axis=1).astype(np.float32)
    recording = ImuArray("r", "d", "s", 0, rate, values, np.ones(6, np.float32))
    segment = cut(recording, 0.0, 20, Features())
    assert segment.has_imu.all()
    np.testing.assert_allclose(segment.imu[:, 0], np.arange(1_000) / 50, atol=0.04)
