"""Whole exports of makers' programs: imported by the command, sent as frames, cut into windows."""

from __future__ import annotations

import gzip
import json
import re
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.features import Features
from models.recordings.imports.files import FoundFile
from models.recordings.imports.layouts import LAYOUTS
from models.recordings.imports.recorders import Recorders
from models.recordings.imports.sensor_logger import read_marks, spans_of
from models.recordings.protocol import RecordingError
from operators.windowing import Windower, WindowingConfig
from schemas import AudioFrame, ImuFrame, Window
from schemas.frames import NS
from streams.producers.frames import Identity, frames
from tests.models.recordings.imports import makers, wearables
from tests.models.recordings.imports.motion.wearer import NOW_S, START_S, G, walk
from tests.models.recordings.imports.opening import import_of
from tests.models.recordings.imports.sounds import sound
from tests.streams.commands.import_command import run_import

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.recordings.protocol import Recording

START_NS = round(START_S) * NS
WRITERS: dict[str, Callable[[Path], Path]] = {
    "sensor-logger": makers.sensor_logger_android,
    "sensor-logger ": makers.sensor_logger_ios,
    "phyphox": makers.phyphox,
    "sensorlog": makers.sensorlog,
    "androsensor": makers.androsensor,
    "esense": makers.esense,
    "openearable": makers.openearable,
    "empatica": makers.empatica,
    "radar-base": makers.radar_base,
    "axivity": wearables.axivity,
    "geneactiv": wearables.geneactiv,
    "actigraph": wearables.actigraph,
    "bids": wearables.bids,
}
WITHOUT_GYROSCOPE = {"empatica", "geneactiv", "actigraph"}
MAKERS = pytest.mark.parametrize("maker", list(WRITERS))


def windows_of(recording: Recording) -> list[Window]:
    """Send a recording as the producer does and cut it as a worker does; nothing may be refused."""
    windower: Windower[int] = Windower(WindowingConfig(), Features())
    who = Identity(recording.device_id, recording.session_id)
    windows = []
    for number, timed in enumerate(frames(recording, who)):
        kind = AudioFrame if isinstance(timed.frame, AudioFrame) else ImuFrame
        frame = kind.decode(timed.frame.encode())
        pushed = windower.push(frame, number)
        assert not pushed.counts["late_samples", "imu"]
        assert not pushed.counts["resets", "imu"]
        windows += pushed.windows
    return [Window.decode(window.encode()) for window in windows]


@MAKERS
def test_a_makers_export_becomes_complete_windows(tmp_path: Path, maker: str) -> None:
    found = import_of(WRITERS[maker](tmp_path))
    assert found.rows_left_out == {}
    for recording in found.recordings:
        assert recording.start_ns == START_NS
        assert recording.motion_s == pytest.approx(makers.SECONDS, abs=0.2)
        windows = windows_of(recording)
        paused = maker == "phyphox"
        starts = {
            kind: [(w.start_ns - START_NS) // NS for w in windows if w.kind == kind]
            for kind in ("har", "scenario")
        }
        assert starts["scenario"] == ([0, 30, 60] if paused else [0, 30])
        wanted = [*range(0, 60, 5)] if not paused else [*range(0, 30, 5), *range(40, 75, 5)]
        assert starts["har"] == wanted
        for window in windows:
            if window.kind == "har" and window.start_ns - START_NS not in (40 * NS, 70 * NS):
                assert window.coverage["imu"] > 0.97
                acc = window.features["imu"].array()[:, :3]
                assert 9.0 < float(np.linalg.norm(acc, axis=1).mean()) < 11.0


@MAKERS
async def test_the_command_says_what_a_makers_export_holds(
    tmp_path: Path, maker: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await run_import(WRITERS[maker](tmp_path), dry_run=True, as_json=True, as_format=maker.strip())
    found = json.loads(capsys.readouterr().out)
    first = found["recordings"][0]
    assert first["start"] == "2026-03-02T08:00:00Z"
    assert first["motion"]["gyroscope"] is (maker not in WITHOUT_GYROSCOPE)
    assert found["rows_left_out"] == {}
    assert all("unknown" not in warning for warning in first["warnings"])


def test_what_a_recorder_says_of_itself_names_device_and_start(tmp_path: Path) -> None:
    (android,) = import_of(makers.sensor_logger_android(tmp_path)).recordings
    assert (android.device_id, android.warnings) == ("Pixel-8", [])
    (phone,) = import_of(makers.phyphox(tmp_path)).recordings
    assert (phone.device_id, phone.stretch_count, phone.warnings) == ("Pixel-6a", 2, [])


def test_an_iphones_files_are_devices_with_sound_from_the_tap_on_start(tmp_path: Path) -> None:
    found = import_of(makers.sensor_logger_ios(tmp_path))
    devices = {r.device_id: r for r in found.recordings}
    assert set(devices) == {
        "Anna-s-iPhone",
        "Anna-s-iPhone-headphone",
        "Anna-s-iPhone-wrist",
    }
    phone = devices["Anna-s-iPhone"]
    assert phone.streams == ("audio", "imu")
    assert (phone.start_ns, phone.audio_s) == (START_NS, makers.SECONDS)
    assert not found.skipped


@pytest.mark.parametrize("rate", [100.0, 25.0])
def test_an_iphones_acceleration_points_up_at_rest_as_an_android_phones(
    tmp_path: Path, rate: float
) -> None:
    found = import_of(makers.sensor_logger_ios(tmp_path))
    _, values = walk(makers.SECONDS, rate)
    its = [r for r in found.recordings if r.imu_rate == rate]
    assert its
    for recording in its:
        rows = np.concatenate([np.concatenate([c.acc, c.gyro], 1) for c in recording.imu()])
        np.testing.assert_allclose(rows, values[: len(rows)], atol=5e-3)
        assert any("points down at rest" in warning for warning in recording.warnings)


def test_annotations_are_truth_until_the_next_of_their_kind(tmp_path: Path) -> None:
    (android,) = import_of(makers.sensor_logger_android(tmp_path)).recordings
    assert [
        ((s.start_ns - START_NS) / NS, (s.end_ns - START_NS) / NS, s.kind, s.label)
        for s in android.truth()
    ] == [(0, 30.5, "activity", "walking"), (30.5, 50, "activity", "standing")]
    phone = import_of(makers.sensor_logger_ios(tmp_path)).recordings[0]
    assert [(s.start_ns - START_NS, s.end_ns - START_NS, s.label) for s in phone.truth()] == [
        (10 * NS, 60 * NS, "Reading books"),
        (20 * NS, 60 * NS, "sitting"),
    ]
    assert [s.kind for s in phone.truth()] == ["scenario", "activity"]


def test_annotations_outside_their_recording_are_listed(tmp_path: Path) -> None:
    with zipfile.ZipFile(makers.sensor_logger_android(tmp_path)) as archive:
        archive.extractall(tmp_path / "there")
    path = next((tmp_path / "there").rglob("Annotation.csv"))
    marks = ((-20, "lying"), (-10, "walking"), (30, "end"), (70, "sitting"), (80, "end"),
             (90, "Reading books"))  # fmt: skip
    path.write_text(makers.annotation(*marks))
    found = import_of(tmp_path / "there")
    (recording,) = found.recordings
    assert [span.label for span in recording.truth()] == ["walking"]
    assert found.rows_left_out == {"label outside what was recorded": 3}
    assert [text.split(": ", 2)[2] for text in found.examples] == [
        "'lying' at -20 s",
        "'sitting' at 70 s",
        "'Reading books' at 90 s",
    ]


@pytest.mark.parametrize("moved_s", [-3_600, 86_400])
def test_annotations_move_with_their_recording_to_a_given_start(
    tmp_path: Path, moved_s: int
) -> None:
    path = makers.sensor_logger_android(tmp_path)
    (there,) = import_of(path).recordings
    (moved,) = import_of(path, start_ns=there.start_ns + moved_s * NS).recordings
    assert moved.start_ns == there.start_ns + moved_s * NS
    assert [(s.start_ns - moved_s * NS, s.end_ns - moved_s * NS) for s in moved.truth()] == [
        (s.start_ns, s.end_ns) for s in there.truth()
    ]
    assert len(moved.truth()) == 2


def test_an_annotation_without_a_time_is_left_out_and_listed(tmp_path: Path) -> None:
    path = makers.sensor_logger_android(tmp_path)
    text = makers.annotation((1, "walking")) + ",,oops,\n"
    found = import_of(_with(path, "Annotation.csv", text))
    assert found.rows_left_out == {"annotation without a time": 1}
    assert found.examples == ["Annotation.csv: line 3: annotation without a time"]
    assert [s.label for s in found.recordings[0].truth()] == ["walking"]


def test_an_empty_annotation_is_used_and_says_nothing(tmp_path: Path) -> None:
    found = import_of(_with(makers.sensor_logger_android(tmp_path), "Annotation.csv", ""))
    assert "Annotation.csv" not in dict(found.skipped)
    assert not found.recordings[0].truth()


def test_names_in_local_time_take_the_zone_of_the_recording_beside_them(tmp_path: Path) -> None:
    (tmp_path / "Metadata.csv").write_text(makers.metadata("android", "Pixel 8"))
    sound(tmp_path / "20260302_090010.wav", 2)  # a recorder of its own, on Berlin's time
    found = import_of(tmp_path)
    (recording,) = found.recordings
    assert recording.start_ns == START_NS + 10 * NS
    assert recording.warnings == ["start time is taken from the name, zone from Metadata.csv"]
    assert not found.skipped


def test_a_recorder_whose_clock_was_not_set_is_not_believed(tmp_path: Path) -> None:
    path = makers.phyphox(tmp_path)
    with zipfile.ZipFile(path) as archive:
        text = archive.read("meta/time.csv").decode().replace("17724", "00000")
    found = import_of(_with(path, "meta/time.csv", text), start_ns=START_NS)
    assert "impossible start: lies before 2000" in dict(found.skipped)["meta/time.csv"]
    (recording,) = found.recordings
    assert (recording.start_ns, recording.stretch_count) == (START_NS, 1)


JUNK = [b"nan", b"inf", b"-1", b"9" * 30, b"\0", b'"', b"\n"]
BESIDE = {
    "Metadata.csv": makers.metadata("ios", "Anna's iPhone"),
    "Annotation.csv": makers.annotation((1, "walking"), (2, "end")),
    "meta/time.csv": makers.phyphox_times(),
    "meta/device.csv": makers.PHYPHOX_DEVICE,
}


@settings(max_examples=300)
@given(
    st.sampled_from(list(BESIDE)),
    st.integers(0, 400),
    st.binary(max_size=40) | st.sampled_from(JUNK),
)
def test_no_damage_of_what_recorders_say_is_more_than_a_skipped_file(
    name: str, place: int, junk: bytes
) -> None:
    data = BESIDE[name].encode()
    with tempfile.NamedTemporaryFile() as file:
        file.write(data[:place] + junk + data[place + len(junk) :])
        file.flush()
        path, skipped = Path(file.name), list[tuple[str, str]]()
        recorders = Recorders([FoundFile(path, PurePosixPath(name))], round(NOW_S) * NS, skipped)
        assert all("\n" not in reason for _, reason in skipped)
        recorder = recorders.of(PurePosixPath("Accelerometer.csv"))
        assert recorder.start_ns is None or 0 < recorder.start_ns < 2**63
        with suppress(RecordingError):
            marks, _ = read_marks(path, START_NS)
            assert all(span.start_ns < span.end_ns for span in spans_of(marks, 2**63))


def test_another_programs_metadata_is_skipped_and_named(tmp_path: Path) -> None:
    found = import_of(_with(makers.sensor_logger_android(tmp_path), "Metadata.csv", "a,b\n1,2\n"))
    assert "Metadata.csv" in dict(found.skipped)
    assert found.recordings[0].start_ns == START_NS  # the stamps tell it too


@MAKERS
def test_another_makers_layout_is_left_out_and_named(tmp_path: Path, maker: str) -> None:
    path = WRITERS[maker](tmp_path)
    others = {"hhar", "metawear", "empatica", "androsensor"} - {maker.strip()}
    for other in others:
        found = import_of(path, as_format=other)
        assert not any(r.imu_rate for r in found.recordings)
        assert any(f"as {other} writes" in reason for _, reason in found.skipped)


def test_a_format_that_nobody_writes_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(
        RecordingError, match="format is 'fitbit'; expected one of auto, sound"
    ) as e:
        import_of(tmp_path, as_format="fitbit")
    assert all(layout.name in str(e.value) for layout in LAYOUTS)


def test_a_makers_counts_are_read_without_a_guess_where_it_is_named(tmp_path: Path) -> None:
    path = makers.esense(tmp_path)
    assert any("raw counts" in w for w in import_of(path).recordings[0].warnings)
    (named,) = import_of(path, as_format="esense").recordings
    assert not any("counts" in w for w in named.warnings)
    _, values = walk(makers.SECONDS)
    rows = np.concatenate([np.concatenate([c.acc, c.gyro], 1) for c in named.imu()])
    np.testing.assert_allclose(rows, values[: len(rows)], atol=6e-3)
    assert abs(float(rows[:, 2].mean()) - G) < 0.1


def test_one_sensors_hours_are_a_stretch_of_their_own(tmp_path: Path) -> None:
    folder = makers.radar_base(tmp_path)
    for sensor in ("acceleration", "gyroscope"):
        path = folder / f"android_phone_{sensor}" / "20260302_0800.csv.gz"
        text = gzip.decompress(path.read_bytes()).decode()
        later = re.sub(r",(1772\d{6})\.", lambda m: f",{int(m[1]) + 120}.", text)
        path.with_name("20260302_0900.csv.gz").write_bytes(gzip.compress(later.encode()))
    (recording,) = import_of(folder).recordings
    assert recording.stretch_count == 2
    assert recording.gyroscope
    assert recording.duration_s == pytest.approx(180, abs=0.1)


def test_a_gzip_that_is_cut_is_read_up_to_the_cut(tmp_path: Path) -> None:
    folder = makers.radar_base(tmp_path)
    path = folder / "android_phone_gyroscope" / "20260302_0800.csv.gz"
    path.write_bytes(path.read_bytes()[:-200])
    found = import_of(folder)
    name = "android_phone_gyroscope/20260302_0800.csv.gz"
    assert "what is before is read" in dict(found.skipped)[name]
    (recording,) = found.recordings
    assert recording.gyroscope


def test_a_gzip_of_which_nothing_is_there_is_skipped_and_named(tmp_path: Path) -> None:
    folder = makers.radar_base(tmp_path)
    path = folder / "android_phone_gyroscope" / "20260302_0800.csv.gz"
    path.write_bytes(path.read_bytes()[:20])
    found = import_of(folder)
    name = "android_phone_gyroscope/20260302_0800.csv.gz"
    assert "cannot be unpacked" in dict(found.skipped)[name]
    (recording,) = found.recordings
    assert not recording.gyroscope
    assert any("no gyroscope" in warning for warning in recording.warnings)


def test_stretches_too_short_for_an_activity_are_counted(tmp_path: Path) -> None:
    path = makers.sensorlog(tmp_path)
    lines = path.read_text().splitlines()
    # A hole of 2 s, and one of 3 s three seconds later.
    path.write_text("\n".join(lines[:2001] + lines[2201:2501] + lines[2801:]) + "\n")
    (recording,) = import_of(path).recordings
    short = "1 of 3 stretches of motion between holes, 3 s, are shorter than the 5 s of an activity"
    assert short in recording.warnings


def _with(path: Path, name: str, text: str) -> Path:
    """Return a folder of the zip's files, one of them written anew."""
    folder = path.with_suffix("")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    (folder / name).write_text(text)
    return folder
