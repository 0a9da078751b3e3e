import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.recordings.datasets.samosa import open_set
from models.recordings.protocol import EPOCH_START_NS, RecordingError
from schemas.frames import NS
from streams.producers.recordings import open_recordings
from tests.models.recordings import paper_sets


def test_a_trial_is_named_by_its_file(tmp_path: Path) -> None:
    path = paper_sets.samosa(tmp_path, "49---Kitchen---Pouring_pitcher---1")
    (found,) = open_set(tmp_path)
    assert (found.user, found.device_id) == ("49", "samosa-49")
    assert found.name == "samosa-49-Kitchen-Pouring_pitcher-1"
    assert (found.sample_rate, found.channels, found.imu_rate) == (16_000, 1, 50.0)
    assert [(s.kind, s.label) for s in found.truth()] == [
        ("activity", "pouring pitcher"),
        ("scenario", "kitchen"),
    ]
    assert all(s.end_ns - s.start_ns == 6 * NS for s in found.truth())
    held = pickle.loads(path.read_bytes())
    sound = np.concatenate([c.samples for c in found.audio()])
    np.testing.assert_array_equal(sound[:, 0], held["Audio"])
    motion = np.concatenate([np.concatenate([c.acc, c.gyro], 1) for c in found.imu()])
    np.testing.assert_allclose(motion, held["IMU"][:, :6], rtol=1e-5, atol=1e-6)


def test_trials_of_a_participant_do_not_overlap(tmp_path: Path) -> None:
    for trial in (1, 2):
        paper_sets.samosa(tmp_path, f"7---Bathroom---Toilet_flushing---{trial}")
    paper_sets.samosa(tmp_path, "8---Workshop---Sanding---1")
    starts = [(r.user, (r.start_ns - EPOCH_START_NS) // NS) for r in open_set(tmp_path)]
    assert starts == [("7", 0), ("7", 600), ("8", 0)]


def test_speech_kept_at_1_khz_is_brought_to_16(tmp_path: Path) -> None:
    low = 8_000 * np.sin(2 * np.pi * 50 * np.arange(6_000) / 1_000)
    extra: dict[str, Any] = {
        "Audio": np.zeros(96_000, np.int16),
        "1kHz_Audio": low.astype(np.int16),
    }
    paper_sets.samosa(tmp_path, "3---Other---Speech---1", **extra)
    (found,) = open_set(tmp_path)
    sound = np.concatenate([c.samples for c in found.audio()])[:, 0]
    assert len(sound) == 96_000
    spectrum = np.abs(np.fft.rfft(sound.astype(float)))
    assert np.argmax(spectrum) == 50 * 6


def test_unreadable_trials_are_named_and_the_others_read(tmp_path: Path) -> None:
    paper_sets.samosa(tmp_path, "1---Kitchen---Chopping---1")
    folder = tmp_path / "TrainingDataset"
    (folder / "1---Kitchen---Chopping---2.pkl").write_bytes(b"\x80\x04junk")
    (folder / "2---Kitchen---Chopping---1.pkl").write_bytes(pickle.dumps({"Audio": Path("x")}))
    (folder / "notes.pkl").write_bytes(b"")
    paper_sets.samosa(tmp_path, "1---Kitchen---Chopping---3", IMU=np.ones((4, 2)))
    found = open_set(tmp_path)
    assert [r.streams for r in found] == [("audio", "imu"), ("audio",)]
    text = str(found[0].report)
    assert text.startswith("4 files skipped: ")
    assert "asks for pathlib" in text
    assert "has IMU of shape (4, 2); expected (n, 9)" in text
    assert "is not named PARTICIPANT---CONTEXT---ACTIVITY---TRIAL" in text


def test_values_not_finite_are_bridged_and_counted(tmp_path: Path) -> None:
    motion = paper_sets.swing(6, 1, 50)
    motion[10:13] = np.nan
    path = paper_sets.samosa(tmp_path, "1---Kitchen---Chopping---1", IMU=motion)
    (found,) = open_set(tmp_path)
    rows = np.concatenate([c.acc for c in found.imu()])
    assert np.isfinite(rows).all()
    assert found.report.rows[path].examples == ["row 11: not finite"]


@pytest.mark.parametrize(
    ("changed", "streams", "reason"),
    [
        ({"Audio": np.array(["loud"] * 9)}, ("imu",), "has Audio of <U4; expected numbers"),
        ({"IMU": np.full((9, 9), b"1")}, ("audio",), r"has IMU of \|S1; expected numbers"),
        (
            {"Audio": np.zeros(9), "1kHz_Audio": np.array(["low"])},
            ("audio", "imu"),
            "has 1kHz_Audio of <U3; expected numbers",
        ),
    ],
)
def test_an_array_that_holds_no_numbers_is_left_out_and_named(
    tmp_path: Path, changed: dict[str, Any], streams: tuple[str, ...], reason: str
) -> None:
    arrays = {"Audio": np.ones(96_000), "IMU": np.ones((300, 9)), **changed}
    np.savez(tmp_path / "1---Kitchen---Chopping---1.npz", **arrays)
    (found,) = open_set(tmp_path)
    assert found.streams == streams
    assert re.search(reason, str(found.report))


def test_sound_that_is_no_number_is_silent(tmp_path: Path) -> None:
    paper_sets.samosa(tmp_path, "1---Kitchen---Chopping---1", Audio=np.array([7, np.nan, -np.inf]))
    (found,) = open_set(tmp_path)
    assert next(found.audio()).samples[:, 0].tolist() == [7, 0, -32_768]


def test_a_participant_is_opened_by_number(tmp_path: Path) -> None:
    for user in (1, 2):
        paper_sets.samosa(tmp_path, f"{user}---Kitchen---Chopping---1")
    assert [r.name for r in open_recordings(f"samosa:{tmp_path}#2")] == [
        "samosa-2-Kitchen-Chopping-1"
    ]
    with pytest.raises(RecordingError, match=r"participant '3' .* expected one of 1, 2"):
        open_recordings(f"samosa:{tmp_path}#3")
    with pytest.raises(RecordingError, match="does not exist; expected SAMoSA's folder"):
        open_set(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecordingError, match="has no readable PARTICIPANT"):
        open_set(tmp_path / "empty")
