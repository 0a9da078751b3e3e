from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.recordings.folder import open_folder
from models.recordings.imports.importing import open_import
from models.recordings.named_times import name_of, named_ns
from models.recordings.protocol import EPOCH_START_NS, Recording, RecordingError
from schemas.frames import NS

HEADER = "time_s,acc_x_m_s2,acc_y_m_s2,acc_z_m_s2,gyro_x_rad_s,gyro_y_rad_s,gyro_z_rad_s"
RNG = np.random.default_rng(1)


def sound(path: Path, seconds: float, rate: int = 16_000, channels: int = 2) -> np.ndarray:
    samples = RNG.integers(-30_000, 30_000, (round(seconds * rate), channels)).astype(np.int16)
    soundfile.write(path, samples, rate, subtype="PCM_16")
    return samples


def motion(path: Path, rows: int, rate: float = 50.0, start_s: float = 0.0) -> np.ndarray:
    values = RNG.normal(0, 1, (rows, 6)).astype(np.float32)
    lines = [
        ",".join([f"{start_s + i / rate:.4f}", *(f"{v:.9g}" for v in row)])
        for i, row in enumerate(values)
    ]
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return values


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp()) * NS


def test_unnamed_files_follow_one_another_from_the_start(tmp_path: Path) -> None:
    first = sound(tmp_path / "a.wav", 1.5)
    second = sound(tmp_path / "b.flac", 2.0)
    values = motion(tmp_path / "m.csv", 200)
    recording = open_folder(tmp_path)
    assert recording.streams == ("audio", "imu")
    assert (recording.sample_rate, recording.channels, recording.imu_rate) == (16_000, 2, 50.0)
    assert recording.start_ns == EPOCH_START_NS
    assert recording.duration_s == 4.0
    chunks = list(recording.audio(0.4))
    np.testing.assert_array_equal(
        np.concatenate([c.samples for c in chunks]), np.concatenate([first, second])
    )
    assert chunks[4].t_ns == EPOCH_START_NS + 1_500_000_000
    rows = np.concatenate([np.concatenate([c.acc, c.gyro], axis=1) for c in recording.imu(0.7)])
    np.testing.assert_allclose(rows, values, rtol=1e-6)
    assert recording.report.skipped == []


def test_a_named_file_starts_at_its_time(tmp_path: Path) -> None:
    sound(tmp_path / "2026-03-02T08-00-00Z.wav", 1.0)
    sound(tmp_path / "2026-03-02T08-00-05.250Z.wav", 1.0)
    recording = open_folder(tmp_path)
    assert recording.start_ns == at("2026-03-02T08:00:00+00:00")
    assert [c.t_ns - recording.start_ns for c in recording.audio()] == [0, 5_250_000_000]
    assert recording.duration_s == 6.25


@pytest.mark.parametrize("start_s", [0.0, 1.0, 2.5, 3.2])
@pytest.mark.parametrize("chunk_s", [0.1, 0.37, 10.0])
def test_any_chunk_size_and_any_start_give_the_same_stream(
    tmp_path: Path, chunk_s: float, start_s: float
) -> None:
    sound(tmp_path / "a.wav", 1.5)
    sound(tmp_path / "b.wav", 2.0)
    motion(tmp_path / "m.csv", 200)
    recording = open_folder(tmp_path)
    whole = np.concatenate([c.samples for c in recording.audio(1.0)])
    tail = np.concatenate([c.samples for c in recording.audio(chunk_s, start_s)])
    np.testing.assert_array_equal(tail, whole[round(start_s * 16_000) :])
    rows = np.concatenate([c.acc for c in recording.imu(1.0)])
    np.testing.assert_array_equal(
        np.concatenate([c.acc for c in recording.imu(chunk_s, start_s)]),
        rows[round(start_s * 50) :],
    )


def test_a_bad_file_is_skipped_and_named(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav", 1.0)
    sound(tmp_path / "b.wav", 1.0, rate=44_100)
    sound(tmp_path / "c.wav", 1.0, channels=3)
    (tmp_path / "d.wav").write_bytes(b"RIFF not really")
    (tmp_path / "e.csv").write_text("time_s,acc_x\n0,1\n")
    (tmp_path / "f.csv").write_bytes(b"\xff\xfe\x00\x00")
    motion(tmp_path / "g.csv", 100)
    recording = open_folder(tmp_path)
    reasons = {path.name: reason for path, reason in recording.report.skipped}
    assert set(reasons) == {"b.wav", "c.wav", "d.wav", "e.csv", "f.csv"}
    assert "44100" in reasons["b.wav"]
    assert "3 channels; expected 1, 2 or 4" in reasons["c.wav"]
    assert "acc_x_m_s2 or acc_x_g" in reasons["e.csv"]
    assert len(list(recording.audio())) == 1
    assert sum(len(c.acc) for c in recording.imu()) == 100


def test_overlapping_files_are_skipped(tmp_path: Path) -> None:
    sound(tmp_path / "2026-03-02T08-00-00Z.wav", 3.0)
    sound(tmp_path / "2026-03-02T08-00-02Z.wav", 3.0)
    recording = open_folder(tmp_path)
    assert [path.name for path, _ in recording.report.skipped] == ["2026-03-02T08-00-02Z.wav"]
    assert "1.000 s before the sound before it ends" in str(recording.report)


def test_a_truncated_file_yields_what_it_has_and_is_named(tmp_path: Path) -> None:
    sound(tmp_path / "a.flac", 4.0)
    recording = open_folder(tmp_path)
    data = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(data[: len(data) // 2])
    got = sum(len(c.samples) for c in recording.audio())
    assert 0 < got < 4 * 16_000
    assert "breaks off" in str(recording.report)


def test_floating_point_sound_is_scaled(tmp_path: Path) -> None:
    wave = np.array([[0.0], [0.5], [-1.0], [2.0]], np.float32).repeat(100, axis=0)
    soundfile.write(tmp_path / "a.wav", wave, 16_000, subtype="FLOAT")
    samples = next(open_folder(tmp_path).audio()).samples[::100, 0]
    np.testing.assert_array_equal(samples, [0, 16_384, -32_767, 32_767])


def test_nothing_readable_is_an_error_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"has no readable \.wav, \.flac or \.csv file"):
        open_folder(tmp_path)
    (tmp_path / "a.wav").write_bytes(b"")
    with pytest.raises(RecordingError, match=r"a\.wav"):
        open_folder(tmp_path)
    with pytest.raises(RecordingError, match="does not exist"):
        open_folder(tmp_path / "none")


def test_recording_json_says_who_and_when(tmp_path: Path) -> None:
    motion(tmp_path / "m.csv", 50)
    about = {
        "device_id": "my glasses/1",
        "session_id": "s1",
        "start": "2026-03-02T09:30:00+01:00",
        "position": "glasses",
    }
    (tmp_path / "recording.json").write_text(json.dumps(about))
    recording = open_folder(tmp_path)
    assert (recording.device_id, recording.session_id) == ("my-glasses-1", "s1")
    assert recording.start_ns == at("2026-03-02T08:30:00+00:00")
    assert recording.position == "glasses"
    assert recording.streams == ("imu",)
    assert list(recording.audio()) == []


def test_a_position_that_is_none_is_refused(tmp_path: Path) -> None:
    motion(tmp_path / "m.csv", 50)
    (tmp_path / "recording.json").write_text('{"position": "hat"}')
    with pytest.raises(RecordingError, match=r"recording\.json position is 'hat'; expected one of"):
        open_folder(tmp_path)


@pytest.mark.parametrize("start", ["yesterday", "2026-03-02T08:00:00", 5])
def test_a_start_without_date_or_zone_is_refused(tmp_path: Path, start: object) -> None:
    motion(tmp_path / "m.csv", 50)
    (tmp_path / "recording.json").write_text(json.dumps({"start": start}))
    with pytest.raises(RecordingError, match=r"recording\.json start is"):
        open_folder(tmp_path)


def test_truth_is_read_in_absolute_time(tmp_path: Path) -> None:
    motion(tmp_path / "m.csv", 50)
    (tmp_path / "truth.csv").write_text(
        "start_s,end_s,kind,label,region\n0.5,1,sound,dog,left-far\n0,1,activity,sitting,\n"
    )
    recording = open_folder(tmp_path)
    first, second = recording.truth()
    assert (first.kind, first.label, first.region) == ("activity", "sitting", None)
    assert second.start_ns == recording.start_ns + NS // 2
    assert second.region == "left-far"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("0,1,smell,tea,", "kind is 'smell'"),
        ("0,1,sound,dog,above", "region is 'above'"),
        ("2,1,sound,dog,", "expected 0 <= start_s < end_s"),
        ("0,1,sound,,", "label is empty"),
        ("0,x,sound,dog,", "no number"),
        ("1,2,sound,dog,", "begins at 1.0 s, and the recording ends at 1 s"),
        ("1772438400,1772438401,sound,dog,", "the recording ends at 1 s (seconds count from its"),
    ],
)
def test_bad_truth_is_skipped_and_named(tmp_path: Path, row: str, message: str) -> None:
    motion(tmp_path / "m.csv", 50)
    (tmp_path / "truth.csv").write_text(f"start_s,end_s,kind,label,region\n{row}\n")
    recording = open_folder(tmp_path)
    assert recording.truth() == ()
    assert message in str(recording.report)


@pytest.mark.parametrize("text", ["", "start_s,end_s,kind,label\n"])
def test_a_truth_without_rows_says_nothing(tmp_path: Path, text: str) -> None:
    motion(tmp_path / "m.csv", 50)
    (tmp_path / "truth.csv").write_text(text)
    recording = open_folder(tmp_path)
    assert (recording.truth(), recording.report.skipped) == ((), [])


def test_a_bad_row_of_the_truth_costs_no_other_row(tmp_path: Path) -> None:
    motion(tmp_path / "m.csv", 50)
    (tmp_path / "truth.csv").write_text(
        "start_s,end_s,kind,label\n0,0.5,activity,sitting\n0.5,0.5,activity,walking\n"
        "0.5,1,activity,lying\n"
    )
    recording = open_folder(tmp_path)
    assert [span.label for span in recording.truth()] == ["sitting", "lying"]
    assert recording.report.lines()[-1] == (
        "1 row left out: 1 unusable in truth.csv (truth.csv: line 3: unusable in truth.csv: span "
        "is 0.5 to 0.5 s; expected 0 <= start_s < end_s)"
    )


@pytest.mark.parametrize(
    "table",
    [
        "start_s;end_s;kind;label\r\n0,5;1;Activity;Sitzen, lesend\r\n",
        "\ufeffStart_s\tEnd_s\tKind\tLabel\n0.5\t1\tactivity\tSitzen, lesend\n",
        'start_s, end_s, kind, label\n0.5, 1, activity,"Sitzen, lesend"\n\n',
        "sep=;\r\nstart_s;end_s;kind;label\r\n0,5;1;activity;Sitzen, lesend\r\n",
    ],
    ids=["semicolons", "tabs", "blanks", "excel"],
)
def test_the_truth_of_a_spreadsheet_in_any_language_is_read(tmp_path: Path, table: str) -> None:
    motion(tmp_path / "m.csv", 50)
    (tmp_path / "truth.csv").write_text(table)
    recording = open_folder(tmp_path)
    (span,) = recording.truth()
    assert (span.start_ns - recording.start_ns, span.end_ns - recording.start_ns) == (NS // 2, NS)
    assert (span.kind, span.label) == ("activity", "Sitzen, lesend")
    assert (recording.report.skipped, recording.report.rows_left_out) == ([], {})


def test_a_truth_of_other_columns_is_skipped_and_names_what_it_lacks(tmp_path: Path) -> None:
    motion(tmp_path / "m.csv", 50)
    (tmp_path / "truth.csv").write_text("start_s,end_s,activity\n0,1,sitting\n")
    recording = open_folder(tmp_path)
    assert recording.truth() == ()
    line = "truth.csv: header lacks kind, label; expected start_s,end_s,kind,label"
    assert line in str(recording.report)


def test_a_truth_of_one_row_without_a_header_is_not_taken_for_one_without_rows(
    tmp_path: Path,
) -> None:
    motion(tmp_path / "m.csv", 50)
    (tmp_path / "truth.csv").write_text("0,1,activity,sitting\n")
    assert "header lacks start_s, end_s, kind, label" in str(open_folder(tmp_path).report)


def test_motion_with_a_hole_keeps_its_times(tmp_path: Path) -> None:
    motion(tmp_path / "a.csv", 50)
    motion(tmp_path / "b.csv", 50, start_s=10.0)
    recording = open_folder(tmp_path)
    assert [c.t_ns - recording.start_ns for c in recording.imu(0.5)] == [
        0,
        NS // 2,
        10 * NS,
        10 * NS + NS // 2,
    ]
    assert recording.duration_s == 11.0


def test_what_is_named_by_an_impossible_time_is_skipped_and_listed(tmp_path: Path) -> None:
    sound(tmp_path / "2026-03-02T08-00-00Z.wav", 2.0)
    sound(tmp_path / "2082-03-02T08-00-00Z.wav", 2.0)
    recording = open_folder(tmp_path)
    assert (recording.start_ns, recording.duration_s) == (at("2026-03-02T08:00:00Z"), 2.0)
    [(path, reason)] = recording.report.skipped
    assert path.name == "2082-03-02T08-00-00Z.wav"
    assert reason.startswith("lies in the future, at 2082-03-02T08:00:00Z")


def test_a_start_that_nothing_can_have_is_refused(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav", 2.0)
    (tmp_path / "recording.json").write_text(json.dumps({"start": "1999-03-02T08:00:00Z"}))
    with pytest.raises(RecordingError, match=r"start 1999-03-02T08:00:00Z lies before 2000"):
        open_folder(tmp_path)


def test_names_of_whole_seconds_may_overlap_by_what_they_leave_out(tmp_path: Path) -> None:
    for at_s in range(0, 9, 3):
        sound(tmp_path / f"2026-03-02T08-00-0{at_s}Z.wav", 3.02, rate=8_000)
        motion(tmp_path / f"2026-03-02T08-00-0{at_s}Z.csv", 155)
    recording = open_folder(tmp_path)
    assert recording.report.skipped == []
    chunks = list(recording.audio())
    assert sum(len(chunk.samples) for chunk in chunks) == 9.02 * 8_000
    whole, _ = soundfile.read(tmp_path / "2026-03-02T08-00-03Z.wav", dtype="int16")
    second = np.concatenate([chunk.samples for chunk in chunks])[round(3.02 * 8_000) :]
    np.testing.assert_array_equal(second[: 3 * 8_000], whole[round(0.02 * 8_000) :])
    later = next(recording.audio(1.0, 3.5)).samples
    np.testing.assert_array_equal(later, whole[4_000:12_000])
    rows = list(recording.imu(100.0))
    assert [len(each.acc) for each in rows] == [155, 150, 150]
    assert [each.t_ns - recording.start_ns for each in rows] == [0, 3.1 * NS, 6.1 * NS]


def test_a_name_of_the_whole_second_holds_at_the_start_that_recording_json_says(
    tmp_path: Path,
) -> None:
    sound(tmp_path / "2026-03-02T08-00-00Z.wav", 2.0)
    motion(tmp_path / "2026-03-02T08-00-00Z.csv", 100)
    (tmp_path / "recording.json").write_text('{"start": "2026-03-02T08:00:00.341Z"}')
    recording = open_folder(tmp_path)
    assert recording.report.skipped == []
    assert recording.streams == ("audio", "imu")
    start_ns = at("2026-03-02T08:00:00+00:00") + 341_000_000
    assert next(recording.audio()).t_ns == next(recording.imu()).t_ns == start_ns


def test_a_file_that_starts_before_recording_json_says_is_skipped_with_both(
    tmp_path: Path,
) -> None:
    sound(tmp_path / "2026-03-02T08-00-00Z.wav", 2.0)
    motion(tmp_path / "imu.csv", 100)
    (tmp_path / "recording.json").write_text('{"start": "2026-03-02T09:00:00Z"}')
    [(path, reason)] = open_folder(tmp_path).report.skipped
    assert path.name == "2026-03-02T08-00-00Z.wav"
    assert reason == "starts 3600.000 s before the start in recording.json, 2026-03-02T09:00:00Z"


def test_times_of_day_are_those_of_the_time_in_the_name(tmp_path: Path) -> None:
    first = 86_370.0
    motion(tmp_path / "2026-03-01T23-59-30Z.csv", 100, start_s=first)
    recording = open_folder(tmp_path)
    assert (recording.start_ns, recording.duration_s) == (at("2026-03-01T23:59:30+00:00"), 2.0)
    assert recording.report.lines()[-1] == (
        "2026-03-01T23-59-30Z.csv: its first row is at 86370.000 s of a clock of its own: taken to "
        "be at the time in the file's name"
    )


@pytest.mark.parametrize("lead_s", [0.0, 0.4, 20.0, 200.0, 12_345.0])
@pytest.mark.parametrize("name", ["m.csv", "2026-03-02T00-00-00Z.csv"])
def test_labels_lie_on_the_same_rows_in_a_folder_and_in_an_import(
    tmp_path: Path, name: str, lead_s: float
) -> None:
    motion(tmp_path / name, 2_000, start_s=lead_s)
    (tmp_path / "truth.csv").write_text("start_s,end_s,kind,label\n25,30,activity,walking\n")
    # Clocks that are on by more than a minute began with the device, and are not what is labelled.
    expected_s = 25.0 - (lead_s if lead_s <= 60 else 0.0)
    recordings: list[Recording] = [open_folder(tmp_path), *open_import(tmp_path).recordings]
    for recording in recordings:
        first = next(iter(recording.imu()))
        (span,) = recording.truth()
        assert (span.start_ns - first.t_ns) / NS == pytest.approx(expected_s)
        assert recording.duration_s == pytest.approx(40.0, abs=20.001)


def test_labels_before_the_first_row_and_after_the_last_are_listed(tmp_path: Path) -> None:
    motion(tmp_path / "m.csv", 1_000, start_s=20.0)  # to 40 s
    (tmp_path / "truth.csv").write_text(
        "start_s,end_s,kind,label\n5,20,activity,sitting\n10,21,activity,walking\n"
        "40,50,activity,lying\n"
    )
    reasons = [
        f"truth.csv: line {line}: unusable in truth.csv: {says}"
        for line, says in (
            (2, "ends at 20.0 s, and the recording begins at 20 s"),
            (4, "begins at 40.0 s, and the recording ends at 40 s"),
        )
    ]
    imported = open_import(tmp_path)
    folder = open_folder(tmp_path)
    recordings: list[Recording] = [folder, *imported.recordings]
    for recording in recordings:
        assert [span.label for span in recording.truth()] == ["walking"]
    for examples in (imported.examples, folder.report.examples):
        assert [text[: len(reason)] for text, reason in zip(examples, reasons, strict=True)] == (
            reasons
        )


def test_files_without_a_name_go_on_with_the_clock_of_the_device(tmp_path: Path) -> None:
    motion(tmp_path / "a.csv", 100, start_s=12_345.0)
    motion(tmp_path / "b.csv", 100, start_s=12_350.0)
    recording = open_folder(tmp_path)
    times = [(chunk.t_ns - recording.start_ns) / NS for chunk in recording.imu(2.0)]
    assert (times, recording.duration_s) == ([0.0, 5.0], 7.0)
    assert (
        "a.csv: its first row is at 12345.000 s of a clock of its own: taken to be at the start of "
        "the recording" in recording.report.lines()
    )


@pytest.mark.parametrize(("lasts_s", "first_s"), [(20, 0.0), (20, 0.3), (60, 0.0), (20, 12_345.0)])
def test_a_clock_that_runs_on_through_named_files_is_not_counted_twice(
    tmp_path: Path, lasts_s: int, first_s: float
) -> None:
    rows, values = lasts_s * 50, []
    for part in range(5):
        minute, second = divmod(part * lasts_s, 60)
        path = tmp_path / f"2026-03-02T08-{minute:02d}-{second:02d}Z.csv"
        values.append(motion(path, rows, start_s=first_s + part * lasts_s))
    (tmp_path / "truth.csv").write_text("start_s,end_s,kind,label\n25,30,activity,walking\n")
    lead_s = first_s if first_s <= 60 else 0.0
    (imported,) = open_import(tmp_path).recordings
    recordings: list[Recording] = [open_folder(tmp_path), imported]
    for recording in recordings:
        chunks = list(recording.imu(1.0))
        began = at("2026-03-02T08:00:00+00:00")
        assert (chunks[0].t_ns - began) / NS == pytest.approx(lead_s)
        assert np.diff([chunk.t_ns for chunk in chunks]) == pytest.approx(NS, abs=2)
        acc = np.concatenate([chunk.acc for chunk in chunks])
        np.testing.assert_allclose(acc, np.concatenate(values)[:, :3])
        assert [span.start_ns for span in recording.truth()] == [began + 25 * NS]


def test_sessions_whose_clocks_begin_anew_lie_where_their_names_say(tmp_path: Path) -> None:
    for hour in (8, 9):
        for part in range(3):
            path = tmp_path / f"2026-03-02T{hour:02d}-0{part}-00Z.csv"
            motion(path, 500, start_s=60.0 * part)
    # A clock of each file's own, on by a little.
    motion(tmp_path / "2026-03-02T09-03-00Z.csv", 500, start_s=0.5)
    motion(tmp_path / "2026-03-02T09-04-00Z.csv", 500, start_s=0.5)
    times = [chunk.t_ns for chunk in open_folder(tmp_path).imu(10.0)]
    expected = [at(f"2026-03-02T{h:02d}:0{m}:00+00:00") for h in (8, 9) for m in range(3)]
    late = [at(f"2026-03-02T09:0{m}:00+00:00") + NS // 2 for m in (3, 4)]
    assert times == pytest.approx([*expected, *late], abs=2)


def test_what_only_an_import_reads_is_named(tmp_path: Path) -> None:
    sound(tmp_path / "20260302_080000.wav", 1.0)
    (tmp_path / "b.ogg").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "me.png").touch()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.wav").touch()
    recording = open_folder(tmp_path)
    assert [text.removeprefix(f"skipped {tmp_path}/") for text in recording.report.lines()] == [
        "b.ogg: is not read by folder:, but by import:PATH",
        "sub: is a folder of its own, which is not read by folder:, but by import:PATH",
        "20260302_080000.wav: the time in its name is not read: name it as 2026-03-02T08-00-00Z, "
        "or give the folder as import:PATH",
    ]


def test_a_name_says_the_time_to_the_nanosecond() -> None:
    for time_ns in (EPOCH_START_NS, EPOCH_START_NS + 341_000_000, EPOCH_START_NS + 1):
        assert named_ns(Path(f"{name_of(time_ns)}.wav")) == time_ns
    assert name_of(EPOCH_START_NS + 341_000_000) == "2026-03-02T00-00-00.341Z"
