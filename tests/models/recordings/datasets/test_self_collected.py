from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from models.recordings.datasets.self_collected import open_set
from models.recordings.protocol import EPOCH_START_NS, RecordingError
from schemas.frames import NS
from streams.producers.recordings import open_recordings
from tests.models.recordings import paper_sets


def test_a_session_has_array_sound_motion_activity_and_where_sounds_came_from(
    tmp_path: Path,
) -> None:
    paper_sets.self_collected(tmp_path, "glasses/anna/01")
    (found,) = open_set(tmp_path)
    assert (found.user, found.device_id) == ("anna", "self-glasses-anna")
    assert (found.sample_rate, found.channels, found.imu_rate) == (48_000, 4, 200.0)
    assert [(s.kind, s.label, s.region) for s in found.truth()] == [
        ("activity", "clapping", None),
        ("sound", "dog", "left-far"),
    ]
    assert sum(len(c.samples) for c in found.audio(0.3)) == 6 * 48_000
    assert abs(np.concatenate([c.acc for c in found.imu()])[:, 2].mean() - 9.81) < 0.05


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_every_device_of_the_paper_is_read(tmp_path: Path, channels: int) -> None:
    paper_sets.self_collected(tmp_path, "earphones/anna/01", channels=channels)
    (found,) = open_set(tmp_path)
    assert next(found.audio()).samples.shape == (48_000, channels)


def test_bad_label_rows_are_named_and_counted(tmp_path: Path) -> None:
    folder = paper_sets.self_collected(tmp_path, "glasses/anna/01")
    with (folder / "labels.csv").open("a") as file:
        file.write("x,2,walking,,,\n3,2,walking,,,\n1,2,,above,near,dog\n1,2,,,,\n2,3,walking,,,\n")
    (found,) = open_set(tmp_path)
    assert [s.label for s in found.truth()] == ["clapping", "dog", "walking"]
    assert found.report.rows[folder / "labels.csv"].total == 4


def test_absent_and_unusable_files_are_named(tmp_path: Path) -> None:
    one = paper_sets.self_collected(tmp_path, "glasses/anna/01")
    two = paper_sets.self_collected(tmp_path, "glasses/anna/02")
    (one / "imu.csv").unlink()
    (one / "labels.csv").unlink()
    (two / "audio.wav").write_bytes(b"RIFF")
    found = open_set(tmp_path)
    assert [r.streams for r in found] == [("audio",), ("imu",)]
    assert "2 files absent: imu.csv, labels.csv" in str(found[0].report)
    assert "1 file skipped: audio.wav" in str(found[0].report)


def test_sessions_follow_one_another_unless_named_by_their_time(tmp_path: Path) -> None:
    for name in ("glasses/anna/01", "glasses/anna/02", "glasses/ben/2026-03-02T08-00-00Z"):
        paper_sets.self_collected(tmp_path, name)
    starts = [r.start_ns for r in open_set(tmp_path)]
    assert starts[:2] == [EPOCH_START_NS, EPOCH_START_NS + 66 * NS]
    assert starts[2] == int(datetime(2026, 3, 2, 8, tzinfo=UTC).timestamp()) * NS


def test_one_session_is_opened_by_its_path(tmp_path: Path) -> None:
    paper_sets.self_collected(tmp_path, "glasses/anna/01")
    assert len(open_recordings(f"self-collected:{tmp_path}#glasses/anna/01")) == 1
    with pytest.raises(RecordingError, match="expected one of glasses/anna/01"):
        open_recordings(f"self-collected:{tmp_path}#glasses/anna/02")
    with pytest.raises(RecordingError, match="has no DEVICE/USER/SESSION"):
        open_set(tmp_path / "glasses")
