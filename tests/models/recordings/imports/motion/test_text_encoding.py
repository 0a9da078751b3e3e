"""Tables in the encodings that programs wrote before UTF-8, and Excel still does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.imports.motion import read_motion
from models.recordings.imports.motion.file_header import why_no_motion
from tests.models.recordings.imports.motion.wearer import now, table, walk

if TYPE_CHECKING:
    from pathlib import Path

JAPANESE = ("時刻", "加速度%s", "角速度%s")
HEADERS = [
    ("cp932", JAPANESE),
    ("euc_jp", JAPANESE),
    ("gb18030", ("时间", "加速度%s", "陀螺仪%s")),
    ("big5", ("時間", "加速度%s", "陀螺儀%s")),
    ("cp949", ("시간", "가속도%s", "자이로%s")),
    ("cp1251", ("Время", "Ускорение %s", "Гироскоп %s")),
    ("cp1253", ("Χρόνος", "Επιτάχυνση %s", "Γυροσκόπιο %s")),
    ("cp1252", ("Zeit", "Beschleunigung für %s", "Drehung für %s")),
]


def header(names: tuple[str, str, str]) -> str:
    time, acceleration, rotation = names
    columns = [f"{time} (s)", *(f"{acceleration % axis} (m/s2)" for axis in "XYZ")]
    return ",".join([*columns, *(f"{rotation % axis} (rad/s)" for axis in "XYZ")])


RUSSIAN_UNITS = {"(s)": "(с)", "(m/s2)": "(м/с²)", "(rad/s)": "(рад/с)"}


@pytest.mark.parametrize(("encoding", "names"), HEADERS, ids=lambda value: str(value)[:6])
def test_acceleration_and_rotation_are_read_in_the_encodings_of_their_languages(
    encoding: str, names: tuple[str, str, str], tmp_path: Path
) -> None:
    times, values = walk(5.0)
    path = tmp_path / "m.csv"
    path.write_bytes(table(header(names), [times, *values.T]).encode(encoding))
    motion = read_motion(path, now=now)
    (stretch,) = motion.stretches
    np.testing.assert_allclose(stretch.values, values, atol=2e-3)
    assert motion.gyroscope


def test_units_are_read_in_cyrillic_too(tmp_path: Path) -> None:
    names = header(("Время", "Ускорение %s", "Гироскоп %s"))
    for latin, cyrillic in RUSSIAN_UNITS.items():
        names = names.replace(latin, cyrillic)
    times, values = walk(5.0)
    path = tmp_path / "m.csv"
    path.write_text(table(names, [times, *values.T]), encoding="utf-8")
    (stretch,) = read_motion(path, now=now).stretches
    np.testing.assert_allclose(stretch.values, values, atol=2e-3)


def test_a_header_of_unknown_letters_is_said_to_be_perhaps_in_another_encoding(
    tmp_path: Path,
) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes("ცხრილი,ა,ბ,გ\n1,2,3,4\n".encode())
    assert why_no_motion(path).endswith("; if an editor shows other letters, save it as UTF-8")
    path.write_text("table,a,b,c\n1,2,3,4\n", encoding="utf-8")
    assert "UTF-8" not in why_no_motion(path)
