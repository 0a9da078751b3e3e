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


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffsep=;\r\nStart_s;End_s;Activity;Direction;Distance;Sound\r\n0,5;3;;Left;FAR;dog\r\n",
        "start_s\tend_s\tactivity\tdirection\tdistance\tsound\n0.5\t3\t\tleft\tfar\tdog\n",
    ],
    ids=["excel", "tabs"],
)
def test_labels_of_a_spreadsheet_in_any_language_are_read(tmp_path: Path, text: str) -> None:
    folder = paper_sets.self_collected(tmp_path, "glasses/u1/2026-03-02T08-00-00Z")
    (folder / "labels.csv").write_text(text, newline="")
    (recording,) = open_set(tmp_path)
    (span,) = recording.truth()
    assert (span.start_ns - recording.start_ns, span.region) == (NS // 2, "left-far")
    assert str(recording.report) == ""


def test_a_label_after_the_sound_is_named_and_moves_no_later_session(tmp_path: Path) -> None:
    folder = paper_sets.self_collected(tmp_path, "glasses/u1/a")
    paper_sets.self_collected(tmp_path, "glasses/u1/b")
    rows = "start_s,end_s,activity,direction,distance,sound\n1772438400,1772438412,walking,,,\n"
    (folder / "labels.csv").write_text(rows)
    first, second = open_set(tmp_path)
    assert first.truth() == ()
    assert "begins at 1772438400.0 s, and the recording ends at 6 s" in str(first.report)
    assert second.start_ns - first.start_ns == 66 * NS


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
