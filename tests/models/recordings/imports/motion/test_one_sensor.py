"""Rows of several sensors in one table are refused, not read as one sensor's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.imports.motion import read_motion
from models.recordings.protocol import RecordingError
from tests.models.recordings.imports.motion.wearer import now, table, walk

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "TimeStamp; Sample No; X-Axis; Y-Axis; Z-Axis; Sensor Type; Sensor ID"


def test_the_long_table_of_umafall_is_refused_by_the_column_that_tells_its_sensors(
    tmp_path: Path,
) -> None:
    times, values = walk()
    path = tmp_path / "UMAFall_Subject_01_ADL_Walking_1.csv"
    rows = [np.arange(len(times)), *values[:, :3].T]
    lines = [
        table(HEADER, [1000 * times, *rows, np.full(len(times), float(kind)), 0 * times], ";")
        for kind in (0, 1, 2)
    ]
    path.write_text(lines[0] + "".join(each.split("\n", 1)[1] for each in lines[1:]))
    with pytest.raises(RecordingError) as refused:
        read_motion(path, now=now)
    assert str(refused.value) == (
        f"{path.name} has rows of several sensors or wearers in one table, by its column "
        "'Sensor Type' (0, 1, 2); expected those of one, in a file of their own"
    )


@pytest.mark.parametrize(
    ("column", "texts"),
    [("user", ["a", "b"]), ("DeviceID", ["left", "right"]), ("body_position", ["chest", "wrist"])],
)
def test_so_is_a_table_of_several_wearers_or_devices(
    tmp_path: Path, column: str, texts: list[str]
) -> None:
    times, values = walk()
    path = tmp_path / "acc.csv"
    names = [texts[row * len(texts) // len(times)] for row in range(len(times))]
    path.write_text(table(f"time_s,x,y,z,{column}", [times, *values[:, :3].T, names]))
    with pytest.raises(RecordingError, match=f"column '{column}' \\({', '.join(texts)}\\)"):
        read_motion(path, now=now)


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        ("user", ["a"]),
        ("sensor_id", ["7", ""]),
        ("activity", ["walking", "standing"]),
        ("position", ["0.25", "0.5"]),
    ],
)
def test_one_wearer_other_labels_and_measurements_are_read(
    tmp_path: Path, column: str, texts: list[str]
) -> None:
    times, values = walk()
    path = tmp_path / "acc.csv"
    names = [texts[row % len(texts)] for row in range(len(times))]
    path.write_text(table(f"time_s,x,y,z,{column}", [times, *values[:, :3].T, names]))
    (stretch,) = read_motion(path, now=now).stretches
    assert len(stretch.values) == len(times)
