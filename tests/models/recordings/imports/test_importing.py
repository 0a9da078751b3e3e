from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.imports.importing import open_import
from models.recordings.imports.report import as_json, as_lines
from models.recordings.protocol import RecordingError
from schemas.frames import NS
from tests.models.recordings.imports.sounds import MARCH_NS, NOW_NS, motion, sound

if TYPE_CHECKING:
    from pathlib import Path

    from models.recordings.imports.import_result import Import


def import_of(path: Path, **how: object) -> Import:
    return open_import(path, now_ns=NOW_NS, **how)  # type: ignore[arg-type]


def test_sound_that_breaks_off_is_warned_of_before_it_is_published(tmp_path: Path) -> None:
    data = sound(tmp_path / "2026-03-02T08-00-00Z.wav", 8).read_bytes()
    (tmp_path / "2026-03-02T08-00-00Z.wav").write_bytes(data[: 44 + (len(data) - 44) // 4])
    (recording,) = import_of(tmp_path).recordings
    assert recording.warnings == [
        "2026-03-02T08-00-00Z.wav breaks off: 2.0 of 8.0 s can be read; copy it again before it is "
        "imported if the rest is still somewhere"
    ]


def test_every_file_is_used_or_skipped(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav", 2)
    sound(tmp_path / "b.ogg", 2, 16_000)
    sound(tmp_path / "sub" / "c.mp3", 2, 16_000)
    motion(tmp_path / "sub" / "m.csv", 2)
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    found = import_of(tmp_path)
    used = {str(p) for r in found.recordings for p in r.files}
    assert used == {"a.wav", "b.ogg", "sub/c.mp3", "sub/m.csv"}
    assert [path for path, _ in found.skipped] == [
        ".DS_Store",
        "broken.wav",
        "notes.txt",
        "photo.jpg",
    ]
    assert all(reason for _, reason in found.skipped)


def test_subfolders_follow_one_another_where_no_name_tells_the_time(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav", 2)
    sound(tmp_path / "sub" / "b.wav", 2)
    (recording,) = import_of(tmp_path).recordings
    assert recording.duration_s == recording.audio_s == 4
    assert any("start time is unknown" in warning for warning in recording.warnings)


def test_audiomoth_recordings_keep_their_pause(tmp_path: Path) -> None:
    sound(tmp_path / "20260302_080000.WAV", 2)
    sound(tmp_path / "20260302_081000.WAV", 2)
    first, second = import_of(tmp_path).recordings
    assert first.start_ns == MARCH_NS
    assert second.start_ns - first.start_ns == 600 * NS
    assert "taken as UTC" in first.warnings[0]


def test_a_short_pause_is_a_gap_of_one_recording(tmp_path: Path) -> None:
    sound(tmp_path / "20260302_080000.wav", 2)
    sound(tmp_path / "20260302_080010.wav", 2)
    (recording,) = import_of(tmp_path).recordings
    assert (recording.duration_s, recording.audio_s) == (12, 4)
    times = [(chunk.t_ns - MARCH_NS) / NS for chunk in recording.audio()]
    assert times == [0, 1, 10, 11]


@pytest.mark.parametrize("undated", ["1 memo.wav", "New recording 12.wav"])
def test_sound_without_a_time_costs_none_that_has_one(tmp_path: Path, undated: str) -> None:
    sound(tmp_path / "20260302_080000.wav", 2)
    sound(tmp_path / undated, 3)
    found = import_of(tmp_path)
    (recording,) = found.recordings
    assert (recording.start_ns, recording.duration_s) == (MARCH_NS, 2)
    ((path, reason),) = found.skipped
    assert path == undated
    assert reason.startswith("does not tell when it began, as sound beside it does: name it by")


def test_small_overlaps_of_segments_are_trimmed(tmp_path: Path) -> None:
    for second in (0, 3, 6, 9):
        sound(tmp_path / f"2026-03-02T08-00-0{second}Z.wav", 3.02)
    found = import_of(tmp_path)
    (recording,) = found.recordings
    assert not found.skipped
    assert recording.audio_s == pytest.approx(12.02)
    assert "0.060 s of overlap" in recording.warnings[0]
    end_ns = MARCH_NS
    for chunk in recording.audio():
        assert chunk.t_ns == end_ns
        end_ns += len(chunk.samples) * NS // 8_000


def test_a_table_without_motion_is_skipped_with_its_header_and_the_one_that_would_do(
    tmp_path: Path,
) -> None:
    (tmp_path / "walk.csv").write_text("Zeitstempel,Beschleunigung X (g)\n09:00:00,0.01\n")
    [(name, reason)] = open_import(tmp_path / "walk.csv").skipped
    assert name == "walk.csv"
    assert "expected a time column (time_s) and acc_x_m_s2 or acc_x_g" in reason
    assert "its first line is 'Zeitstempel,Beschleunigung X (g)'" in reason


def test_what_overlaps_more_is_skipped_and_named(tmp_path: Path) -> None:
    sound(tmp_path / "2026-03-02T08-00-00Z.wav", 3)
    sound(tmp_path / "2026-03-02T08-00-02Z.wav", 3)
    found = import_of(tmp_path)
    assert found.skipped == [
        (
            "2026-03-02T08-00-02Z.wav",
            "starts 1.000 s before the sound of 2026-03-02T08-00-00Z.wav ends",
        )
    ]


def test_a_wrong_clock_is_skipped_and_the_rest_is_used(tmp_path: Path) -> None:
    sound(tmp_path / "2082-05-01T16-00-00Z.wav", 2)
    sound(tmp_path / "19700101_000012.wav", 2)
    sound(tmp_path / "2026-03-02T08-00-00Z.wav", 2)
    found = import_of(tmp_path)
    assert [r.start_ns for r in found.recordings] == [MARCH_NS]
    reasons = dict(found.skipped)
    assert "lies before 2000" in reasons["19700101_000012.wav"]
    assert "clock was not set" in reasons["19700101_000012.wav"]
    assert "lies in the future" in reasons["2082-05-01T16-00-00Z.wav"]


def test_a_recordings_json_of_the_future_is_refused(tmp_path: Path) -> None:
    motion(tmp_path / "m.csv", 5)
    (tmp_path / "recording.json").write_text('{"start": "2082-05-01T16:00:00Z"}')
    found = import_of(tmp_path)
    assert not found.recordings
    assert "lies in the future" in dict(found.skipped)["m.csv"]


def test_start_moves_all_times_and_mends_a_wrong_clock(tmp_path: Path) -> None:
    sound(tmp_path / "2082-05-01T16-00-00Z.wav", 2)
    sound(tmp_path / "2082-05-01T16-00-10Z.wav", 2)
    (recording,) = import_of(tmp_path, start_ns=MARCH_NS).recordings
    assert recording.start_ns == MARCH_NS
    assert recording.duration_s == 12
    assert not recording.warnings


def test_start_places_what_tells_no_time(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav", 2)
    (recording,) = import_of(tmp_path / "a.wav", start_ns=MARCH_NS, device="left-ear").recordings
    assert (recording.start_ns, recording.device_id) == (MARCH_NS, "left-ear")
    assert not recording.warnings


def test_a_bom_before_recording_json_is_ignored(tmp_path: Path) -> None:
    motion(tmp_path / "m.csv", 5, first_s=2.0)
    text = '\ufeff{"device_id": "watch-7", "start": "2026-03-02T09:00:00+01:00"}'
    (tmp_path / "recording.json").write_text(text, encoding="utf-8")
    (recording,) = import_of(tmp_path).recordings
    assert recording.device_id == "watch-7"
    # time_s counts from the recording's start.
    assert recording.start_ns == MARCH_NS + 2 * NS


def test_recording_json_says_where_a_device_was_worn(tmp_path: Path) -> None:
    motion(tmp_path / "left" / "m.csv", 5)
    (tmp_path / "recording.json").write_text('{"position": "ear"}')
    (recording,) = import_of(tmp_path).recordings
    assert recording.position == "ear"
    (tmp_path / "recording.json").write_text('{"position": "hat"}')
    found = import_of(tmp_path)
    assert "position is 'hat'" in dict(found.skipped)["recording.json"]


def test_a_recording_json_that_is_wrong_is_skipped(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav", 2)
    (tmp_path / "recording.json").write_text('{"start": "2026-03-02T09:00:00"}')
    found = import_of(tmp_path)
    assert "must name its zone" in dict(found.skipped)["recording.json"]
    assert len(found.recordings) == 1


def test_sound_and_motion_side_by_side_are_one_recording(tmp_path: Path) -> None:
    sound(tmp_path / "2026-03-02T08-00-00Z.wav", 5)
    motion(tmp_path / "m.csv", 5)
    (recording,) = import_of(tmp_path).recordings
    assert recording.streams == ("audio", "imu")
    assert recording.duration_s == 5


def test_motion_at_the_same_time_is_another_device(tmp_path: Path) -> None:
    motion(tmp_path / "head" / "2026-03-02T08-00-00Z.csv", 5)
    motion(tmp_path / "wrist" / "2026-03-02T08-00-00Z.csv", 5)
    devices = {r.device_id for r in import_of(tmp_path).recordings}
    assert len(devices) == 2


def test_a_new_channel_count_is_a_new_recording(tmp_path: Path) -> None:
    sound(tmp_path / "2026-03-02T08-00-00Z.wav", 2)
    sound(tmp_path / "2026-03-02T08-00-02Z.wav", 2, channels=2)
    assert [r.channels for r in import_of(tmp_path).recordings] == [1, 2]


def test_another_rate_is_resampled_within_a_recording(tmp_path: Path) -> None:
    sound(tmp_path / "2026-03-02T08-00-00Z.wav", 2)
    sound(tmp_path / "2026-03-02T08-00-02Z.wav", 2, 16_000)
    (recording,) = import_of(tmp_path).recordings
    assert recording.sample_rate == 16_000
    assert sum(len(chunk.samples) for chunk in recording.audio()) == 4 * 16_000
    assert "sound of 8000 Hz is resampled to 16000 Hz" in recording.warnings


@pytest.mark.parametrize("chunk_s", [1.0, 0.3, 2.5])
def test_chunks_and_starts_cut_the_same_stream(tmp_path: Path, chunk_s: float) -> None:
    sound(tmp_path / "2026-03-02T08-00-00Z.flac", 3.1, 96_000, 3)
    (recording,) = import_of(tmp_path).recordings
    whole = np.concatenate([c.samples for c in recording.audio(30.0)])
    assert whole.shape == (round(3.1 * 48_000), 2)
    parts = [c.samples for c in recording.audio(chunk_s)]
    assert np.array_equal(np.concatenate(parts), whole)
    tail = np.concatenate([c.samples for c in recording.audio(chunk_s, 2.0)])
    assert np.array_equal(tail, whole[2 * 48_000 :])


def test_truth_beside_it_is_kept(tmp_path: Path) -> None:
    sound(tmp_path / "2026-03-02T08-00-00Z.wav", 5)
    (tmp_path / "truth.csv").write_text(
        "start_s,end_s,kind,label,region\n1,2,sound,speech,front-near\n"
    )
    found = import_of(tmp_path)
    (span,) = found.recordings[0].truth()
    assert (span.start_ns, span.label, span.region) == (MARCH_NS + NS, "speech", "front-near")
    assert not found.skipped


def test_a_label_between_two_recordings_is_listed(tmp_path: Path) -> None:
    sound(tmp_path / "2026-03-02T08-00-00Z.wav", 5)
    sound(tmp_path / "2026-03-02T12-00-00Z.wav", 5)
    (tmp_path / "truth.csv").write_text(
        "start_s,end_s,kind,label\n1,2,sound,speech\n60,70,sound,dog\n14401,14402,sound,cat\n"
    )
    found = import_of(tmp_path)
    assert [span.label for r in found.recordings for span in r.truth()] == ["speech", "cat"]
    assert found.rows_left_out == {"label outside what was recorded": 1}
    assert found.examples == ["truth.csv: label outside what was recorded: 'dog' at 60 s"]


def test_a_truth_that_is_wrong_is_skipped(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav", 5)
    (tmp_path / "truth.csv").write_text("start_s,end_s,kind,label,region\n1,x,sound,speech,\n")
    assert "line 2: start_s or end_s" in dict(import_of(tmp_path).skipped)["truth.csv"]


@pytest.mark.parametrize("name", ["m.csv", "2026-03-02T08-00-01Z.csv"])
@pytest.mark.parametrize("about", [True, False])
def test_labels_move_with_their_recording_to_a_given_start(
    tmp_path: Path, name: str, about: bool
) -> None:
    motion(tmp_path / name, 5)
    if about:
        (tmp_path / "recording.json").write_text('{"start": "2026-03-02T08:00:01Z"}')
    (tmp_path / "truth.csv").write_text("start_s,end_s,kind,label\n1,2,activity,walking\n")
    (recording,) = import_of(tmp_path, start_ns=MARCH_NS - 3600 * NS).recordings
    (span,) = recording.truth()
    assert recording.start_ns == MARCH_NS - 3600 * NS
    assert (span.start_ns - recording.start_ns, span.end_ns - recording.start_ns) == (NS, 2 * NS)


def test_a_bad_row_of_the_truth_is_left_out_and_counted(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav", 5)
    (tmp_path / "truth.csv").write_text(
        "start_s;end_s;kind;label\n1;2,5;sound;speech\n1;;sound;dog\n"
    )
    found = import_of(tmp_path)
    (span,) = found.recordings[0].truth()
    assert span.end_ns - span.start_ns == 3 * NS // 2
    assert found.rows_left_out == {"unusable in truth.csv": 1}
    assert found.examples[0].startswith("truth.csv: line 3: unusable in truth.csv: start_s or end")


def test_a_folder_of_a_time_dates_what_lies_in_it(tmp_path: Path) -> None:
    sound(tmp_path / "Walk-2026-03-02_08-00-00" / "Microphone.wav", 2)
    (recording,) = import_of(tmp_path).recordings
    assert recording.start_ns == MARCH_NS
    assert "start time is taken from the folder's name" in recording.warnings


def test_the_json_is_exactly_as_promised(tmp_path: Path) -> None:
    sound(tmp_path / "rec" / "2026-03-02T08-00-00Z.wav", 2, 16_000, 2)
    motion(tmp_path / "rec" / "2026-03-02T08-00-00Z.csv", 2)
    (tmp_path / "rec" / "x.xyz").write_bytes(b"\0")
    assert json.loads(json.dumps(as_json(import_of(tmp_path / "rec")))) == {
        "recordings": [
            {
                "device": "rec",
                "session": "rec-1772438400",
                "start": "2026-03-02T08:00:00Z",
                "duration_s": 2.0,
                "audio": {"rate_hz": 16000, "channels": 2, "seconds": 2.0},
                "motion": {"rate_hz": 50.0, "seconds": 2.0, "stretches": 1, "gyroscope": True},
                "warnings": [],
            }
        ],
        "skipped": [
            {
                "path": "x.xyz",
                "reason": "is no sound and no motion that can be read (its name ends in '.xyz')",
            }
        ],
        "rows_left_out": {},
    }


def test_people_read_the_same(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav", 2)
    lines = as_lines(import_of(tmp_path / "a.wav"))
    assert lines[0] == "a 2026-03-02T00:00:00Z: 2.0 s; 2.0 s of sound, 8000 Hz, 1 channel"
    assert lines[1].startswith("  warning: start time is unknown")


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="none' does not exist; expected a file"):
        import_of(tmp_path / "none")


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert as_lines(import_of(tmp_path)) == ["found no recording"]


def test_as_sound_reads_whatever_the_name(tmp_path: Path) -> None:
    shutil.copy(sound(tmp_path / "a.wav", 2), tmp_path / "b.dat")
    (recording,) = import_of(tmp_path, as_format="sound").recordings
    assert recording.audio_s == 4
    with pytest.raises(RecordingError, match="expected one of auto, sound, motion"):
        import_of(tmp_path, as_format="video")


def test_motions_stamps_date_the_sound_beside_it_before_the_folders_name(tmp_path: Path) -> None:
    folder = tmp_path / "Walk-2026-03-02_09-00-00"
    motion(folder / "m.csv", 5, first_s=MARCH_NS / NS)
    sound(folder / "Microphone.wav", 5)
    (recording,) = import_of(tmp_path).recordings
    assert recording.start_ns == MARCH_NS
    assert recording.duration_s == 5
    assert recording.streams == ("audio", "imu")
