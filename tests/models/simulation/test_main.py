import json
from pathlib import Path

import numpy as np
import pytest

from models.recordings.datasets import esc50, hapt
from models.recordings.folder import open_folder
from models.recordings.folder_writer import write
from models.recordings.protocol import Recording
from models.recordings.shared_data import ESC50
from models.simulation.__main__ import main
from models.simulation.composed_day import ComposedDay, Device
from models.simulation.sources.material import Material
from tests.models import small_data
from tests.models.recordings import small_sets


def streams(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    sound = np.concatenate([chunk.samples for chunk in recording.audio()])
    motion = np.concatenate([np.concatenate([c.acc, c.gyro], axis=1) for c in recording.imu()])
    return sound, motion


def test_a_folder_that_is_interrupted_leaves_nothing_that_reads_as_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = ComposedDay(3, 0.6, Material(), "earphones")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("models.recordings.folder_writer._write_motion", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write(day, tmp_path / "day")
    assert list(tmp_path.iterdir()) == []
    for _ in range(2):
        write(day, tmp_path / "day", seconds=2.0)
        assert open_folder(tmp_path / "day").streams == ("audio", "imu")
        assert [file.name for file in tmp_path.iterdir()] == ["day"]


@pytest.mark.parametrize("device", ["earphones", "headphones"])
def test_a_written_day_reads_as_the_same_recording(device: Device, tmp_path: Path) -> None:
    day = ComposedDay(3, 0.6, Material(), device)
    write(day, tmp_path / "day")
    again = open_folder(tmp_path / "day")
    assert not again.report.skipped
    for name in ("device_id", "session_id", "start_ns", "duration_s", "sample_rate", "channels"):
        assert getattr(again, name) == getattr(day, name), name
    assert again.imu_rate == pytest.approx(50.0)
    for mine, theirs in zip(streams(day), streams(again), strict=True):
        assert np.array_equal(mine, theirs)

    def ordered(recording: Recording) -> list[object]:
        return sorted(recording.truth(), key=repr)

    assert ordered(again) == ordered(day)


def test_days_are_written_for_every_seed_from_unseen_recordings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = small_data.write(tmp_path / "data")
    (data / "hrtf" / "cipic_16khz.npz").unlink()
    out = tmp_path / "days"
    main(["--out", str(out), "--data", str(data), "--seed", "7", "--days", "2", "--minutes", "0.5"])
    output = capsys.readouterr().out
    assert "simulated instead: hrtf/cipic_16khz.npz is not in" in output
    for seed in (7, 8):
        assert f"composed-earphones-{seed}" in output
        day = open_folder(out / f"composed-earphones-{seed}")
        assert day.duration_s == 30.0
        about = json.loads((out / day.name / "recording.json").read_text())
        assert about["device_id"] == f"composed-earphones-{seed}"


def test_only_the_chosen_part_is_heard_and_worn(tmp_path: Path) -> None:
    data = small_data.write(tmp_path / "data")
    for split, axis in (("train", 0), ("test", 1)):
        out = tmp_path / split
        main(["--out", str(out), "--data", str(data), "--minutes", "0.5", "--split", split])
        _, motion = streams(open_folder(out / "composed-earphones-0"))
        assert np.abs(motion[:, :3].mean(axis=0)).argmax() == axis


def test_a_recording_without_sound_cannot_be_written(tmp_path: Path) -> None:
    small_sets.hapt(tmp_path / "hapt_50hz.npz")
    (motion,) = hapt.open_user(tmp_path / "hapt_50hz.npz", "u02")
    with pytest.raises(ValueError, match="lacks sound or motion; expected both"):
        write(motion, tmp_path / "out")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--minutes", "0"], "--minutes is 0.0; expected more than 0"),
        (["--days", "-1"], "--days is -1; expected 1 or more"),
        (["--seed", "-1"], "--seed is -1; expected 0 or more"),
        (["--data", "nowhere"], "--data is nowhere; expected a folder"),
    ],
)
def test_a_bad_option_is_one_clear_line(
    option: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path), *option])
    assert message in capsys.readouterr().err


def test_a_day_that_cannot_be_composed_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--out", str(tmp_path / "out"), "--data", str(tmp_path)]
    assert main([*options, "--minutes", "2000"]) == 2
    assert capsys.readouterr().err == "minutes is 2000.0; expected 0.5 to 1440\n"
    damaged = tmp_path / ESC50 / esc50.TABLE
    damaged.parent.mkdir(parents=True)
    damaged.write_text("no,columns\n", "utf-8")
    assert main([*options, "--minutes", "0.5"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "esc50.csv" in line
    assert not (tmp_path / "out").exists()


def test_an_output_folder_that_is_a_file_is_refused_before_any_day_is_composed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.simulation.__main__.shared_data", lambda: pytest.fail("read data"))
    taken = tmp_path / "taken"
    taken.write_text("kept")
    with pytest.raises(SystemExit) as ended:
        main(["--out", str(taken)])
    assert ended.value.code == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.endswith(
        f"error: argument --out: output folder is {str(taken)!r}, a file; expected the path of a "
        "folder"
    )
    assert taken.read_text() == "kept"
