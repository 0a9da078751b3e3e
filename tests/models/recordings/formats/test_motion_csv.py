from pathlib import Path

import numpy as np
import pytest

from models.recordings.formats.motion_csv import (
    Rows,
    UnusableFileError,
    rate_of,
    stretches_of,
    times_of,
)

HEADER = "time_s,acc_x_m_s2,acc_y_m_s2,acc_z_m_s2,gyro_x_rad_s,gyro_y_rad_s,gyro_z_rad_s"


def written(tmp_path: Path, header: str, rows: list[str]) -> Path:
    path = tmp_path / "motion.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_other_units_are_converted_and_columns_may_come_in_any_order(tmp_path: Path) -> None:
    header = "gyro_x_deg_s,gyro_y_deg_s,gyro_z_deg_s,note,time_s,acc_z_g,acc_y_g,acc_x_g"
    path = written(tmp_path, header, ["180,0,90,a,0.00,1,0,2", "180,0,90,b,0.02,1,0,2"])
    values = Rows(path, 0).take(0, 2)
    np.testing.assert_allclose(
        values[1], [0.02, 2 * 9.80665, 0, 9.80665, np.pi, 0, np.pi / 2], rtol=1e-6
    )


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (HEADER.replace("acc_y_m_s2", "acc_y"), "'acc_y' names no unit; expected acc_y_m_s2"),
        (
            HEADER.replace("gyro_z_rad_s", "gyro_z_rpm"),
            "'gyro_z_rpm' names unit 'rpm'; expected gyro",
        ),
        (HEADER.replace("acc_x_m_s2,", ""), "has no column acc_x_m_s2 or acc_x_g"),
        (HEADER.replace("time_s", "t"), "has no column time_s"),
    ],
)  # fmt: skip
def test_a_header_without_known_units_is_refused(tmp_path: Path, header: str, message: str) -> None:
    path = written(tmp_path, header, ["0,0,0,0,0,0,0"])
    with pytest.raises(UnusableFileError, match=message):
        times_of(path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["0,0,0,0,0,0,0"], "holds 1 rows"),
        (["0,0,0,0,0,0,0", "0,0,0,0,0,0,0"], "does not rise at row 2"),
        (["0,0,0,0,0,0,0", "0.02,0,0,x,0,0,0"], "rows 1 to 2"),
        (["0,0,0,0,0,0,0", "0.02,0,0"], "rows 1 to 2"),
        (["0,0,0,0,0,0,0", "0.02,0,0,nan,0,0,0"], "not finite"),
        (["-1,0,0,0,0,0,0", "0.02,0,0,0,0,0,0"], "starts at -1"),
    ],
)
def test_rows_that_are_no_regular_motion_are_refused(
    tmp_path: Path, rows: list[str], message: str
) -> None:
    with pytest.raises(UnusableFileError, match=message):
        times_of(written(tmp_path, HEADER, rows))


def test_a_rate_hidden_by_rounded_stamps_is_whole_and_a_real_one_is_kept() -> None:
    assert rate_of(np.round(np.arange(500) / 60, 3)) == 60.0
    assert rate_of(np.arange(100_000) / 49.9) == 49.9
    with pytest.raises(UnusableFileError, match="rate is 5 Hz; expected 10 to 800"):
        rate_of(np.arange(10) / 5)


def test_a_hole_starts_a_new_stretch() -> None:
    times = np.concatenate([np.arange(100) / 50, 10 + np.arange(50) / 50])
    found = list(stretches_of(Path("x.csv"), times, 50.0, 1_000))
    assert [(s.first_row, s.rows, s.start_ns) for s in found] == [
        (0, 100, 1_000),
        (100, 50, 1_000 + 10 * 10**9),
    ]


def test_rows_are_the_same_whichever_pieces_they_are_taken_in(tmp_path: Path) -> None:
    lines = [f"{i / 50},{i},0,0,0,0,0" for i in range(9_000)]
    path = written(tmp_path, HEADER, [*lines[:3], "", *lines[3:]])
    reader = Rows(path, 0)
    pieces = [reader.take(a, min(a + 777, 9_000)) for a in range(0, 9_000, 777)]
    np.testing.assert_array_equal(np.concatenate(pieces)[:, 1], np.arange(9_000))
    np.testing.assert_array_equal(Rows(path, 8_000).take(8_500, 8_501)[:, 1], [8_500])
