import json
from pathlib import Path

import numpy as np
import pytest

from models.recordings.datasets.ego4d import open_set
from models.recordings.protocol import EPOCH_START_NS, RecordingError
from schemas.frames import NS
from streams.producers.recordings import open_recordings
from tests.models.recordings import paper_sets
from tests.models.recordings.paper_sets import VIDEO


def test_a_video_is_sound_motion_and_labels(tmp_path: Path) -> None:
    paper_sets.ego4d(tmp_path, [VIDEO])
    (found,) = open_set(tmp_path)
    assert (found.name, found.user, found.device_id) == ("ego4d-aa-1", "p12", "ego4d-p12")
    assert found.streams == ("audio", "imu")
    assert (found.sample_rate, found.channels, found.imu_rate) == (16_000, 1, 200.0)
    assert found.duration_s == 8.0
    spans = [
        (s.kind, s.label, (s.start_ns - EPOCH_START_NS) / NS, (s.end_ns - EPOCH_START_NS) / NS)
        for s in found.truth()
    ]
    assert spans == [
        ("scenario", "Cooking", 0, 8),
        ("scenario", "Eating", 0, 8),
        ("activity", "wash dishes", 1, 4),
        ("activity", "cut / trim", 4.5, 6),
    ]
    acc = np.concatenate([c.acc for c in found.imu()])
    assert abs(acc[:, 2].mean() - 9.81) < 0.05
    assert sum(len(c.samples) for c in found.audio(0.7)) == 8 * 16_000
    assert str(found.report) == ""


def test_videos_of_a_participant_follow_one_another(tmp_path: Path) -> None:
    videos = [{**VIDEO, "uid": uid, "user": user} for uid, user in (("a", 1), ("b", 2), ("c", 1))]
    paper_sets.ego4d(tmp_path, videos)
    starts = {r.name: (r.start_ns - EPOCH_START_NS) / NS for r in open_set(tmp_path)}
    assert starts == {"ego4d-a": 0, "ego4d-b": 0, "ego4d-c": 68}


def test_a_participant_without_id_is_one_of_their_own(tmp_path: Path) -> None:
    paper_sets.ego4d(tmp_path, [{**VIDEO, "uid": uid, "user": None} for uid in "ab"])
    assert [r.user for r in open_set(tmp_path)] == ["video-a", "video-b"]


def test_null_times_cut_rows_and_times_outside_the_video_are_counted(tmp_path: Path) -> None:
    paper_sets.ego4d(tmp_path, [VIDEO])
    path = tmp_path / "v2" / "imu" / "aa-1.csv"
    lines = path.read_text().splitlines()
    lines[3] = lines[3].replace("10.0,10.0", "10.0,NULL")
    lines[5] = "0,20.0"
    lines[7] = lines[7].replace("30.0,30.0", "30.0,1e15")
    lines[8], lines[9] = lines[9], lines[8]
    path.write_text("\n".join(lines) + "\n")
    (found,) = open_set(tmp_path)
    rows = np.concatenate([c.acc for c in found.imu()])
    assert len(rows) == 1600
    assert found.report.rows[path].total == 3
    assert "3 rows left out: aa-1.csv" in str(found.report)


def test_a_file_without_acceleration_is_named(tmp_path: Path) -> None:
    paper_sets.ego4d(tmp_path, [VIDEO])
    path = tmp_path / "v2" / "imu" / "aa-1.csv"
    header, *rows = path.read_text().splitlines()
    bare = [",".join([*row.split(",")[:6], "", "", ""]) for row in rows]
    path.write_text("\n".join([header, *bare]) + "\n")
    (found,) = open_set(tmp_path)
    assert found.streams == ("audio",)
    assert "aa-1.csv (has no acceleration)" in str(found.report)


def test_absent_files_are_named_and_counted(tmp_path: Path) -> None:
    paper_sets.ego4d(tmp_path, [{**VIDEO, "uid": uid} for uid in "abc"])
    (tmp_path / "v2" / "audio" / "a.flac").unlink()
    (tmp_path / "v2" / "audio" / "b.flac").unlink()
    (tmp_path / "v2" / "imu" / "b.csv").unlink()
    (tmp_path / "v2" / "annotations" / "moments_val.json").unlink()
    found = open_set(tmp_path)
    assert [(r.name, r.streams) for r in found] == [
        ("ego4d-a", ("imu",)),
        ("ego4d-c", ("audio", "imu")),
    ]
    assert str(found[0].report) == "4 files absent: moments_val.json, a.flac, b.flac, b.csv"


def test_bad_labels_and_videos_are_counted(tmp_path: Path) -> None:
    paper_sets.ego4d(tmp_path, [VIDEO])
    path = tmp_path / "ego4d.json"
    held = json.loads(path.read_text())
    held["videos"] += [{"video_uid": "x"}, {"video_uid": "y", "duration_sec": -1}]
    path.write_text(json.dumps(held))
    moments = tmp_path / "v2" / "annotations" / "moments_train.json"
    held = json.loads(moments.read_text())
    labels = held["videos"][0]["clips"][0]["annotations"][0]["labels"]
    labels += [{"label": "sit"}, {"label": "sit", "video_start_time": 3, "video_end_time": 2}]
    moments.write_text(json.dumps(held))
    (found,) = open_set(tmp_path)
    assert found.report.rows[path].total == 2
    assert found.report.rows[moments].total == 2
    assert len(found.truth()) == 4


def test_late_sound_keeps_its_time(tmp_path: Path) -> None:
    paper_sets.ego4d(tmp_path, [{**VIDEO, "late": 0.5}])
    (found,) = open_set(tmp_path)
    assert next(found.audio()).t_ns - found.start_ns == NS // 2
    assert next(found.audio(1.0, 2.0)).t_ns - found.start_ns == 2 * NS


def test_what_cannot_be_opened_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"does not exist; expected Ego4D's folder"):
        open_set(tmp_path / "none")
    with pytest.raises(RecordingError, match=r"has no ego4d\.json"):
        open_set(tmp_path)
    (tmp_path / "ego4d.json").write_text("{")
    with pytest.raises(RecordingError, match=r"ego4d\.json cannot be read"):
        open_set(tmp_path)
    paper_sets.ego4d(tmp_path, [VIDEO])
    with pytest.raises(
        RecordingError, match=r"video 'zz' is not in ego4d\.json; it names 1 videos"
    ):
        open_recordings(f"ego4d:{tmp_path}#zz")


def test_one_video_is_opened_by_its_uid(tmp_path: Path) -> None:
    paper_sets.ego4d(tmp_path, [{**VIDEO, "uid": uid} for uid in "ab"])
    assert [r.name for r in open_recordings(f"ego4d:{tmp_path}#b")] == ["ego4d-b"]
    assert len(open_recordings(f"ego4d:{tmp_path}")) == 2
