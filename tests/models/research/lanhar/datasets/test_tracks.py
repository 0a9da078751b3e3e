from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.recordings.report import SetReport
from models.research.lanhar.datasets.tracks import SensorTrack, even_track, windows_of
from models.research.lanhar.interpretation.windows import WindowsError


def track(seconds: float, rate: float = 50.0, label: str = "walking") -> SensorTrack:
    """Return motion whose first column counts seconds."""
    number = np.arange(round(seconds * rate))
    values = np.tile(number[:, None] / rate, (1, 6))
    return even_track(number, values, np.repeat(label, len(number)), rate, "u", "p", "d")


def test_a_stretch_gives_as_many_windows_as_fit_without_overlap() -> None:
    windows = windows_of("t", [track(20.0)], SetReport())
    assert windows.data[:, 0, 0] == pytest.approx([0, 6, 12], abs=0.05)
    assert (windows.user[0], windows.position[0], windows.device[0]) == ("u", "p", "d")


def test_no_window_holds_two_labels_and_none_has_no_label() -> None:
    both = track(30.0)
    label = both.label.copy()
    label[350:700] = "sitting"
    label[700:1_050] = ""
    windows = windows_of("t", [replace(both, label=label)], SetReport())
    assert windows.label.tolist() == ["walking", "sitting", "walking"]
    assert windows.data[1, :, 0].min() > 6.9
    assert windows.data[1, :, 0].max() < 14.1


def test_no_window_bridges_a_hole() -> None:
    whole = track(14.0)
    there = np.ones(700, bool)
    there[350:365] = False
    broken = replace(
        whole,
        acc_s=whole.acc_s[there],
        acc=whole.acc[there],
        gyro_s=whole.gyro_s[there],
        gyro=whole.gyro[there],
        label=whole.label[there],
    )
    assert len(windows_of("t", [whole], SetReport())) == 2
    windows = windows_of("t", [broken], SetReport())
    assert windows.data[:, 0, 0] == pytest.approx([0, 7.3], abs=0.1)


def test_sensors_with_clocks_of_their_own_are_laid_on_one_grid() -> None:
    slow = track(8.0, rate=100.0)
    fast = track(8.0, rate=200.0)
    mixed = replace(slow, gyro_s=fast.gyro_s + 0.004, gyro=fast.gyro + 0.004)
    windows = windows_of("t", [mixed], SetReport())
    middle = windows.data[0, 10:-10]
    assert middle[:, 0] == pytest.approx(middle[:, 3], abs=0.01)


def test_nothing_to_cut_is_an_error_that_holds_the_report() -> None:
    report = SetReport()
    with pytest.raises(
        WindowsError, match=r"t: no window of one activity could be read \(every stretch"
    ):
        windows_of("t", [track(5.9)], report)
