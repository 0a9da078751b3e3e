from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.shared_data import shared_data
from models.research.lanhar.datasets import hapt, hhar, motionsense, pamap2, shoaib, uci_har
from models.research.lanhar.interpretation.windows import Windows, WindowsError
from tests.models.research.lanhar.datasets import published

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def steps_of(windows: Windows, hz: float = 1.8) -> None:
    """Check that windows hold `published.motion`: gravity on y, 2 m/s² of steps, a turn about z."""
    for window in windows.data:
        middle = window[5:-5]
        assert np.abs(window[:, [0, 2, 3, 4]]).max() < 0.02
        assert middle[:, 1].mean() == pytest.approx(9.81, abs=0.15)
        spectrum = np.abs(np.fft.rfft(window[:, 1] - window[:, 1].mean(), 2_048))
        assert np.fft.rfftfreq(2_048, 1 / 20)[spectrum.argmax()] == pytest.approx(hz, abs=0.06)
        assert middle[:, 1].std() == pytest.approx(2 / 2**0.5, rel=0.06)
        assert middle[:, 5].std() == pytest.approx(0.5 / 2**0.5, rel=0.06)
        # The turn leads the steps by a quarter: both sensors are in time with each other.
        lag = np.corrcoef(middle[:, 1], middle[:, 5])[0, 1]
        assert abs(lag) < 0.1


def test_uci_hars_windows_are_joined_where_they_overlap(tmp_path: Path) -> None:
    published.uci_har(tmp_path, [(1, 1, 20.0), (1, 4, 13.0), (3, 4, 13.0)])
    published.uci_har(tmp_path, [(2, 6, 13.0)], "test")
    windows, report = uci_har.read(tmp_path)
    # 20 s leave 19.2 s of whole windows of 128: three of six seconds.
    assert windows.label.tolist() == ["walking"] * 3 + ["sitting"] * 4 + ["lying"] * 2
    assert windows.user.tolist() == ["u01"] * 5 + ["u03"] * 2 + ["u02"] * 2
    assert set(windows.position) == {"waist"}
    steps_of(windows)
    assert not report.lines()


def test_uci_har_is_also_found_from_its_own_folder(tmp_path: Path) -> None:
    published.uci_har(tmp_path, [(1, 2, 13.0)])
    windows, report = uci_har.read(tmp_path / "UCI HAR Dataset")
    assert windows.label.tolist() == ["going upstairs"] * 2
    assert "8 files absent" in str(report)


def test_a_malformed_row_of_uci_har_breaks_the_run_and_is_counted(tmp_path: Path) -> None:
    folder = published.uci_har(tmp_path, [(1, 1, 30.0)])
    path = folder / "Inertial Signals" / "body_gyro_y_train.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[10] = "0.1 0.2"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    windows, report = uci_har.read(tmp_path)
    # Rows 0 to 9 hold 14.1 s and rows 11 to the end 14.1 s; joined they would give four windows.
    assert len(windows) == 4 - 1 + 1
    named = "body_gyro_y_train.txt: 1 cut (line 11: cut: 0.1 0.2)"
    assert f"1 row left out: {named}" in str(report)
    steps_of(windows)


def test_hapts_rows_are_counted_from_one_and_both_ends_belong(tmp_path: Path) -> None:
    folder = published.hapt(tmp_path, [(1, 7, 5, 1, 300), (1, 7, 2, 301, 595), (2, 9, 3, 301, 900)])
    windows, report = hapt.read(tmp_path)
    # 300 rows are one window; 295 are none.
    assert windows.label.tolist() == ["standing", "going downstairs", "going downstairs"]
    assert windows.user.tolist() == ["u07", "u09", "u09"]
    steps_of(windows)
    assert not report.lines()
    (folder / "gyro_exp02_user09.txt").unlink()
    windows, report = hapt.read(folder)
    assert windows.label.tolist() == ["standing"]
    assert "1 file absent: gyro_exp02_user09.txt" in str(report)


def test_hapts_unknown_activity_is_counted(tmp_path: Path) -> None:
    published.hapt(tmp_path, [(1, 7, 5, 1, 300), (1, 7, 13, 301, 900)])
    windows, report = hapt.read(tmp_path)
    assert len(windows) == 1
    assert "(line 2: unknown activity: 13)" in str(report)


def test_motionsense_is_turned_to_what_a_sensor_measures(tmp_path: Path) -> None:
    published.motionsense(tmp_path, "wlk_7", 1, 13.0)
    published.motionsense(tmp_path, "jog_16", 24, 6.5)
    windows, report = motionsense.read(tmp_path)
    assert windows.label.tolist() == ["running", "walking", "walking"]
    assert windows.user.tolist() == ["u24", "u01", "u01"]
    steps_of(windows)
    assert not report.lines()


def test_a_short_loss_is_bridged_and_a_long_one_is_not(tmp_path: Path) -> None:
    path = published.motionsense(tmp_path, "wlk_7", 1, 18.1)
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[100] = "99,broken"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    windows, report = motionsense.read(tmp_path)
    assert len(windows) == 3
    assert "1 row left out: sub_1.csv: 1 cut (line 101: cut: 99,broken)" in str(report)
    for row in range(400, 430):
        lines[row] = lines[row].replace(".", "?")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    windows, report = motionsense.read(tmp_path)
    # 8 s before the hole and 9.5 s after it.
    assert len(windows) == 2
    assert "31 rows left out" in str(report)
    steps_of(windows)


def test_motionsense_without_a_column_is_skipped_and_named(tmp_path: Path) -> None:
    published.motionsense(tmp_path, "wlk_7", 1, 7.0)
    path = published.motionsense(tmp_path, "sit_5", 2, 7.0)
    path.write_text(path.read_text(encoding="utf-8").replace("gravity.y", "g.y"), encoding="utf-8")
    published.motionsense(tmp_path, "fly_1", 3, 7.0)
    windows, report = motionsense.read(tmp_path)
    assert windows.label.tolist() == ["walking"]
    assert "has no column gravity.y" in str(report)
    assert "is not of one of dws, ups, wlk" in str(report)


def test_shoaibs_five_phones_are_five_positions(tmp_path: Path) -> None:
    published.shoaib(tmp_path, 1, [("walking", 6.5), ("upsatirs", 6.5), ("biking", 3.0)])
    windows, report = shoaib.read(tmp_path)
    assert sorted(set(windows.position)) == sorted(shoaib.POSITIONS)
    assert sorted(windows.label) == ["going upstairs"] * 5 + ["walking"] * 5
    for position, hz in zip(shoaib.POSITIONS, (1.5, 1.6, 1.7, 1.8, 1.9), strict=True):
        steps_of(windows.where(windows.position == position), hz)
    assert not report.lines()
    belt, _ = shoaib.read(tmp_path, ["belt"])
    assert set(belt.position) == {"belt"}
    with pytest.raises(WindowsError, match="position 'head' is unknown; expected left pocket"):
        shoaib.read(tmp_path, ["head"])


def test_pamap2s_lost_readings_are_left_out_and_long_losses_break(tmp_path: Path) -> None:
    path = published.pamap2(tmp_path, 101, [(4, 13.0), (0, 7.0), (17, 6.5)])
    windows, report = pamap2.read(tmp_path)
    assert sorted(set(windows.label)) == ["ironing", "walking"]
    assert len(windows) == 3 * (2 + 1)
    for position, hz in zip(pamap2.POSITIONS, (1.6, 1.8, 2.0), strict=True):
        steps_of(windows.where(windows.position == position), hz)
    assert not report.lines()
    rows = path.read_text(encoding="utf-8").splitlines()
    for number in range(500, 600):  # one second of the chest is lost
        fields = rows[number].split()
        fields[21:37] = ["NaN"] * 16
        rows[number] = " ".join(fields)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    lost, _ = pamap2.read(tmp_path)
    walking = lost.where(lost.label == "walking")
    assert {p: int((walking.position == p).sum()) for p in pamap2.POSITIONS} == {
        "hand": 2,
        "chest": 1,
        "ankle": 2,
    }


def test_pamap2s_rows_cut_short_are_counted(tmp_path: Path) -> None:
    path = published.pamap2(tmp_path, 105, [(13, 6.5)])
    rows = path.read_text(encoding="utf-8").splitlines()
    rows[5] = " ".join(rows[5].split()[:20])
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    windows, report = pamap2.read(tmp_path, ["chest"])
    assert windows.label.tolist() == ["going downstairs"]
    assert windows.user.tolist() == ["u105"]
    assert "subject105.dat: 1 cut (line 6: cut: 8.43" in str(report)


@pytest.mark.parametrize("good_clock", [True, False])
def test_hhars_mixed_rows_are_told_apart_by_device_and_user(
    tmp_path: Path, good_clock: bool
) -> None:
    devices = [("a", "nexus4", "nexus4_1", 200.0), ("b", "s3mini", "s3mini_2", 100.0)]
    folder = tmp_path / "Activity recognition exp"
    activities = [("stand", 6.5), ("null", 2.0), ("stairsup", 12.5)]
    published.hhar(folder, devices, activities, good_clock=good_clock)
    windows, report = hhar.read(tmp_path, ["phone"])
    assert windows.label.tolist() == ["standing", "going upstairs", "going upstairs"] * 2
    assert windows.user.tolist() == ["a"] * 3 + ["b"] * 3
    assert set(windows.device) == {"nexus4 (nexus4_1)", "s3mini (s3mini_2)"}
    steps_of(windows)
    assert not report.lines()


def test_hhars_watches_and_missing_files_are_reported(tmp_path: Path) -> None:
    published.hhar(tmp_path, [("a", "gear", "gear_1", 100.0)], [("bike", 7.0)], kind="Watch")
    windows, report = hhar.read(tmp_path)
    assert (windows.label.tolist(), windows.position.tolist()) == (["cycling"], ["wrist"])
    assert "2 files absent: Phones_accelerometer.csv, Phones_gyroscope.csv" in str(report)
    with pytest.raises(WindowsError, match="kind 'ring' is unknown; expected phone, watch"):
        hhar.read(tmp_path, ["ring"])


def test_hhars_malformed_rows_are_counted_by_file(tmp_path: Path) -> None:
    published.hhar(tmp_path, [("a", "s3", "s3_1", 150.0)], [("walk", 7.0)])
    path = tmp_path / "Phones_accelerometer.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[4] = "3,12"
    for number, word in ((9, "nine"), (20, "nan")):
        fields = lines[number].split(",")
        lines[number] = ",".join([*fields[:3], word, *fields[4:]])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    windows, report = hhar.read(tmp_path, ["phone"])
    assert windows.label.tolist() == ["walking"]
    assert report.rows[path].counts == {"cut": 1, "not a number": 1, "not finite": 1}
    assert report.rows[path].examples[0] == "line 5: cut: 3,12"


@pytest.mark.parametrize(
    "read",
    [uci_har.read, hapt.read, hhar.read, motionsense.read, shoaib.read, pamap2.read],
    ids=lambda read: read.__module__.rsplit(".", 1)[1],
)
def test_an_empty_folder_says_what_was_looked_for(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    with pytest.raises(WindowsError, match=r"data set .* has no "):
        read(tmp_path)


def test_a_data_set_too_short_for_a_window_is_an_error_with_the_report(tmp_path: Path) -> None:
    published.motionsense(tmp_path, "wlk_7", 1, 5.0)
    with pytest.raises(WindowsError, match="no window of one activity"):
        motionsense.read(tmp_path)


def test_hhars_watch_excerpt_keeps_what_its_two_clocks_say_is_continuous(tmp_path: Path) -> None:
    data = shared_data()
    if data is None or not (data / "formats" / "hhar").is_dir():
        pytest.skip("the shared data's formats/hhar is not there")
    folder = data / "formats" / "hhar"
    for sensor in ("accelerometer", "gyroscope"):
        text = gzip.decompress((folder / f"Watch_{sensor}.csv.gz").read_bytes()).decode()
        (tmp_path / f"Watch_{sensor}.csv").write_text(f"{published.HHAR_HEADER}\n{text}")
    windows, report = hhar.read(tmp_path, ["watch"])
    assert len(windows.data) == 5
    assert "38 stretches between holes, 58 s, are shorter than a window of 6 s" in str(report)
