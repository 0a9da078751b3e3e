from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.recordings.folder import open_folder
from models.recordings.folder_writer import write
from models.recordings.protocol import RecordingError
from models.simulation.simulated_day import SimulatedDay
from schemas.frames import NS
from streams.commands.example import SECONDS, SPEC, write_example
from streams.producers.recordings import open_recordings
from tests.models.recordings.imports.sounds import motion, sound
from tests.warm_process import FaustProcess

TUTORIAL = Path(__file__).parents[3] / "docs" / "tutorial.md"


def test_the_first_replay_of_the_tutorial_has_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = TUTORIAL.read_text(encoding="utf-8")
    folder = re.search(r"^faust -A streams\.app example (\S+)$", text, re.MULTILINE)
    replay = re.search(r"^faust -A streams\.app replay (\S+) --speed max$", text, re.MULTILINE)
    assert folder is not None
    assert replay is not None
    assert text.index(folder[0]) < text.index(replay[0])
    monkeypatch.chdir(tmp_path)
    write_example(Path(folder[1]), SPEC, None, SECONDS)
    [recording] = open_recordings(replay[1])
    assert f"replayed 1 recording(s) of {recording.duration_s:.0f} s for 1 device(s)" in text
    assert f"faust -A streams.app log {recording.device_id} " in text
    assert not open_folder(tmp_path / folder[1]).report.lines()


def test_an_example_is_the_begin_of_what_it_is_taken_from(tmp_path: Path) -> None:
    write_example(tmp_path / "desk-1", "simulated:3:1", None, 20.0)
    example, day = open_folder(tmp_path / "desk-1"), SimulatedDay(3, 1)
    assert example.duration_s == 20.0
    assert (example.device_id, example.start_ns) == ("desk-1", day.start_ns)
    sound = np.concatenate([chunk.samples for chunk in example.audio()])
    whole = np.concatenate([chunk.samples for chunk in day.audio()])
    assert np.array_equal(sound, whole[: 20 * 16_000])
    motion = np.concatenate([chunk.acc for chunk in example.imu()])
    assert np.array_equal(motion, np.concatenate([chunk.acc for chunk in day.imu()])[: 20 * 50])
    assert max(span.end_ns for span in example.truth()) <= day.start_ns + 20 * 10**9


def test_an_example_of_a_recording_that_begins_within_a_second_keeps_its_sound(
    tmp_path: Path,
) -> None:
    day = SimulatedDay(3, 1)
    day.start_ns += 341_256_000
    write(day, tmp_path / "desk", seconds=5.0)
    example = open_folder(tmp_path / "desk")
    assert example.report.lines() == []
    assert (example.streams, example.start_ns) == (("audio", "imu"), day.start_ns)
    assert next(example.audio()).t_ns == day.start_ns


def test_an_example_keeps_holes_late_beginnings_and_the_position(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    for second in (2, 30):
        sound(there / f"2026-03-02T08-00-{second:02d}Z.wav", 5.0)
    motion(there / "2026-03-02T08-01-30.5Z.csv", 5.0)
    motion(there / "2026-03-02T08-02-00Z.csv", 5.0)
    (there / "recording.json").write_text(
        '{"start": "2026-03-02T08:00:00Z", "position": "wrist", "device_id": "w"}'
    )
    original = open_folder(there)
    write(original, tmp_path / "copy", seconds=122.0)
    copy = open_folder(tmp_path / "copy")
    assert copy.report.lines() == original.report.lines() == []
    assert (copy.start_ns, copy.duration_s) == (original.start_ns, 122.0)
    assert (copy.position, copy.device_id) == ("wrist", "w")
    sounds = [(c.t_ns - copy.start_ns) / NS for c in copy.audio(5.0)]
    motions = [(c.t_ns - copy.start_ns) / NS for c in copy.imu(5.0)]
    assert (sounds, motions) == ([2.0, 30.0], [90.5, 120.0])
    assert np.array_equal(
        np.concatenate([c.samples for c in copy.audio()]),
        np.concatenate([c.samples for c in original.audio()]),
    )
    acc = np.concatenate([c.acc for c in copy.imu()])
    assert np.array_equal(acc, np.concatenate([c.acc for c in original.imu()])[: len(acc)])
    assert len(acc) == 350  # to 122 s


def test_sound_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise soundfile.LibsndfileError(2)  # as on a full disk

    monkeypatch.setattr(soundfile.SoundFile, "write", full)
    with pytest.raises(RecordingError, match=r"^sound cannot be written to .*: system error, with"):
        write(SimulatedDay(3, 1), tmp_path / "desk", seconds=2.0)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "walk").mkdir()
    (tmp_path / "walk" / "mine.wav").touch()
    with pytest.raises(RecordingError, match=r"walk is there already: expected a new or an empty"):
        write_example(tmp_path / "walk", SPEC, None, SECONDS)


def test_a_folder_that_cannot_name_a_device_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"^folder 'my walk' cannot name a device: expected"):
        write_example(tmp_path / "my walk", SPEC, None, SECONDS)


def test_a_signal_ends_an_example_at_once_and_leaves_no_folder(tmp_path: Path) -> None:
    err = tmp_path / "err"
    command = ("example", "walk", "simulated:7:1440", "--seconds", "86400")
    example = FaustProcess(command, {"EGOLOG_RUN_DIR": str(tmp_path / "run")}, err, err, tmp_path)
    deadline = time.monotonic() + 100
    while not any(tmp_path.glob(".walk.partial-*")):
        assert example.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    example.send_signal(signal.SIGTERM)
    assert example.wait(60) == 143
    assert err.read_text().splitlines()[-1] == "interrupted"
    assert not list(tmp_path.glob("*walk*"))
