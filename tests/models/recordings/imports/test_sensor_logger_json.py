"""Sensor Logger's JSON export is the same recording as its CSV export."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from schemas.frames import NS
from tests.models.recordings.imports import makers
from tests.models.recordings.imports.motion.wearer import START_S
from tests.models.recordings.imports.opening import import_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from models.recordings.imports.recording import ImportedRecording


def rows_of(recording: ImportedRecording) -> NDArray[np.float32]:
    return np.concatenate([np.concatenate([c.acc, c.gyro], 1) for c in recording.imu()])


@pytest.mark.parametrize("as_format", ["auto", "sensor-logger"])
def test_json_is_read_as_the_csv_of_the_same_recording(tmp_path: Path, as_format: str) -> None:
    for name in ("csv", "json"):
        (tmp_path / name).mkdir()
    (tables,) = import_of(makers.sensor_logger_android(tmp_path / "csv")).recordings
    found = import_of(makers.sensor_logger_json(tmp_path / "json"), as_format=as_format)
    (recording,) = found.recordings
    assert recording.device_id == tables.device_id == "Pixel-8"
    assert recording.start_ns == tables.start_ns == round(START_S) * NS
    truth = list(recording.truth())
    assert truth == list(tables.truth())
    assert len(truth) == 2
    np.testing.assert_array_equal(rows_of(recording), rows_of(tables))
    assert {name for name, _ in found.skipped} == {"Accelerometer.csv", "Gravity.csv"} | {
        "Microphone.csv"
    }
    assert found.rows_left_out == {}


def test_several_exports_of_a_folder_keep_apart(tmp_path: Path) -> None:
    text = makers.sensor_logger_json(tmp_path).read_text()
    (tmp_path / "later.json").write_text(text.replace("17724384", "17724484"))
    found = import_of(tmp_path)
    assert [r.start_ns - round(START_S) * NS for r in found.recordings] == [0, 10_000 * NS]


def test_what_lies_before_a_cut_is_read(tmp_path: Path) -> None:
    path = makers.sensor_logger_json(tmp_path)
    text = path.read_text()
    path.write_text(text[: -len(text) // 10])
    found = import_of(path)
    (recording,) = found.recordings
    assert recording.motion_s > makers.SECONDS / 3
    reason = dict(found.skipped)[path.name]
    assert reason.startswith("is no JSON from line 1 column ")
    assert reason.endswith("; what lies before is read")


@pytest.mark.parametrize(
    "odd", [7, [], {"time": "1"}, {"sensor": "../../up", "x": "1"}, {"sensor": 3}]
)
def test_an_entry_without_a_sensor_costs_itself(tmp_path: Path, odd: Any) -> None:
    path = makers.sensor_logger_json(tmp_path)
    entries = json.loads(path.read_text())
    path.write_text(json.dumps([*entries[:10], odd, *entries[10:]]))
    found = import_of(path)
    assert len(found.recordings) == 1
    if odd == []:  # brackets between entries are no entry
        assert path.name not in dict(found.skipped)
    else:
        assert dict(found.skipped)[path.name] == "entries that name no sensor: 1"


@pytest.mark.parametrize(
    "text", ["{}", "[]", "[1, 2]", '[{"name": "x"}]', "[" * 3_000, '[{"a":' * 600]
)
def test_other_json_is_no_export(tmp_path: Path, text: str) -> None:
    (tmp_path / "other.json").write_text(text)
    found = import_of(tmp_path)
    assert found.recordings == []
    assert [name for name, _ in found.skipped] == ["other.json"]
    assert "is no sound and no motion" in found.skipped[0][1]
