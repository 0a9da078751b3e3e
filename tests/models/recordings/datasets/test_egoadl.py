import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.recordings.datasets.egoadl import open_set
from models.recordings.protocol import RecordingError
from schemas.frames import NS
from streams.producers.recordings import open_recordings
from tests.models.recordings import paper_sets
from tests.models.recordings.paper_sets import ACTIONS, STAMP


def test_a_mark_lasts_until_the_next_and_at_most_ten_seconds(tmp_path: Path) -> None:
    paper_sets.egoadl(tmp_path, "anna", STAMP, ACTIONS)
    (found,) = open_set(tmp_path)
    assert found.start_ns == STAMP * 1_000_000
    assert (found.user, found.name) == ("anna", f"egoadl-anna-{STAMP}")
    assert [
        (s.label, (s.start_ns - found.start_ns) / NS, (s.end_ns - found.start_ns) / NS)
        for s in found.truth()
    ] == [("open door", 0, 3), ("walk", 3, 13), ("type", 17.5, 20)]


def test_sound_and_motion_are_those_of_the_npz(tmp_path: Path) -> None:
    path = paper_sets.egoadl(tmp_path, "anna", STAMP, ACTIONS)
    (found,) = open_set(tmp_path)
    assert (found.sample_rate, found.channels, found.imu_rate) == (48_000, 1, 200.0)
    held = np.load(path)
    sound = np.concatenate([c.samples for c in found.audio()])[:, 0]
    np.testing.assert_allclose(sound / 32_767, held["audio_signal"], atol=2e-5)
    acc = np.concatenate([c.acc for c in found.imu()])
    np.testing.assert_allclose(acc, held["acc_matrix"], rtol=1e-5, atol=1e-6)


def test_raw_files_do_where_there_is_no_npz(tmp_path: Path) -> None:
    paper_sets.egoadl(tmp_path, "anna", STAMP, ACTIONS).unlink()
    folder = tmp_path / "anna" / "smartphone"
    soundfile.write(folder / f"{STAMP}.wav", paper_sets.tone(20, 300, 48_000), 48_000)
    for sensor in ("acc", "gyro"):
        lines = [f'"{STAMP + 900 + 5 * i}","1.0","2.0","{i / 200}"' for i in range(4_000)]
        text = "\n".join(['"Time","X","Y","Z"', *lines])
        (folder / f"{STAMP}_{sensor}.csv").write_text("\ufeff" + text + "\n", encoding="utf-8")
    (found,) = open_set(tmp_path)
    assert found.streams == ("audio", "imu")
    gyro = np.concatenate([c.gyro for c in found.imu()])
    np.testing.assert_allclose(gyro[:, 2], np.arange(4_000) / 200, atol=1e-4)


def test_absent_sessions_and_bad_marks_are_counted(tmp_path: Path) -> None:
    paper_sets.egoadl(tmp_path, "anna", STAMP, ACTIONS)
    paper_sets.egoadl(tmp_path, "anna", STAMP + 1, ACTIONS).unlink()
    paper_sets.egoadl(tmp_path, "ben", STAMP, ACTIONS)
    labels = tmp_path / "ben" / "label" / "label_clean.AUCVL"
    held = json.loads(labels.read_text())
    held["data"][f"{STAMP}.MP4"] += [{"time": "x", "label": "a"}, {"label": "b"}]
    labels.write_text(json.dumps(held))
    found = open_set(tmp_path)
    assert [r.user for r in found] == ["anna", "ben"]
    assert found[0].report.absent == [tmp_path / "anna" / "smartphone" / f"{STAMP + 1}.npz"]
    assert found[0].report.rows[labels].total == 2


def test_labels_that_are_not_aligned_are_not_used(tmp_path: Path) -> None:
    paper_sets.egoadl(tmp_path, "anna", STAMP, ACTIONS)
    folder = tmp_path / "anna" / "label"
    (folder / "label_clean.AUCVL").rename(folder / "label.aucvl")
    (found,) = open_set(tmp_path)
    assert found.truth() == ()
    assert "label_clean.aucvl" in str(found.report)
    assert "has no labels" in str(found.report)


def test_a_damaged_npz_is_named(tmp_path: Path) -> None:
    path = paper_sets.egoadl(tmp_path, "anna", STAMP, ACTIONS)
    np.savez(path, audio_signal=np.zeros((3, 2)), acc_matrix=np.ones((9, 3)))
    (found,) = open_set(tmp_path)
    assert found.streams == ()
    assert "has audio_signal of shape (3, 2); expected (n,)" in str(found.report)
    assert "has no readable gyro_matrix" in str(found.report)


def test_motion_beyond_float32_is_left_out_and_counted(tmp_path: Path) -> None:
    path = paper_sets.egoadl(tmp_path, "u1", 1_700_000_000_000, [(1.0, "walk"), (4.0, "end")])
    with np.load(path) as file:
        arrays = dict(file)
    arrays["acc_matrix"][7, 1] = 1e300
    np.savez(path, **arrays)
    (found,) = open_set(tmp_path)
    assert all(np.isfinite(chunk.acc).all() for chunk in found.imu())
    assert "1 row left out" in str(found.report)
    assert "(row 8: not finite)" in str(found.report)


def test_what_cannot_be_opened_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="has no USER/smartphone/STAMP"):
        open_set(tmp_path)
    paper_sets.egoadl(tmp_path / "dataset", "anna", STAMP, ACTIONS)
    assert len(open_recordings(f"egoadl:{tmp_path}#anna")) == 1
    with pytest.raises(RecordingError, match=r"user 'ben' .* expected one of anna"):
        open_recordings(f"egoadl:{tmp_path}#ben")
