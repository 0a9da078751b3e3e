from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.imports.motion import read_motion
from models.recordings.protocol import RecordingError
from tests.models.recordings.imports.motion.wearer import START_S, now, walk
from tests.models.recordings.imports.opening import import_of
from tests.models.recordings.imports.wearables import (
    RATE_HZ,
    SECONDS,
    geneactiv,
    geneactiv_preamble,
)

if TYPE_CHECKING:
    from pathlib import Path

START_NS = round(START_S) * 10**9


def test_time_zone_rate_unit_and_place_are_those_of_the_preamble(tmp_path: Path) -> None:
    (recording,) = import_of(geneactiv(tmp_path)).recordings
    assert (recording.start_ns, recording.imu_rate, recording.position) == (START_NS, 100, "wrist")
    assert recording.warnings == ["has no gyroscope: its three columns are zero"]
    acc = np.concatenate([chunk.acc for chunk in recording.imu()])
    np.testing.assert_allclose(acc, walk(SECONDS, RATE_HZ)[1][:, :3], atol=1e-3)


def test_without_a_zone_the_times_are_utc_and_that_is_said(tmp_path: Path) -> None:
    path = geneactiv(tmp_path)
    path.write_text(path.read_text().replace("Time Zone,GMT +01:00", ""))
    motion = read_motion(path, now=now)
    assert motion.start_ns == START_NS + 3_600 * 10**9
    assert "column 'time' names no time zone: taken as UTC" in motion.warnings


def test_semicolons_and_decimal_commas_will_do(tmp_path: Path) -> None:
    path = geneactiv(tmp_path)
    path.write_text(path.read_text().replace(",", ";").replace(".", ","))
    motion = read_motion(path, now=now)
    assert (motion.start_ns, motion.rate_hz, motion.position) == (START_NS, 100.0, "wrist")
    values = walk(SECONDS, RATE_HZ)[1]
    np.testing.assert_allclose(motion.stretches[0].values[:, :3], values[:, :3], atol=1e-3)


def test_another_rate_in_the_preamble_is_said(tmp_path: Path) -> None:
    path = geneactiv(tmp_path)
    path.write_text(path.read_text().replace("100.0 Hz", "50.0 Hz"))
    motion = read_motion(path, now=now)
    assert motion.rate_hz == 100.0
    assert motion.warnings[0].startswith(
        "the preamble says 50 Hz, but its rows come at 100 Hz: read by their times"
    )


def test_a_cut_file_is_read_to_the_cut(tmp_path: Path) -> None:
    path = geneactiv(tmp_path)
    path.write_text(path.read_text()[:-25])
    motion = read_motion(path, now=now)
    assert motion.rows_left_out == {"cut": 1}
    assert motion.seconds == pytest.approx(SECONDS - 0.01)


def test_a_preamble_alone_is_refused_with_the_export_that_works(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text(geneactiv_preamble())
    reason = "no rows of time, x, y and z follow its preamble; export the raw data as CSV"
    with pytest.raises(RecordingError, match=reason):
        read_motion(path, now=now)
    assert reason in dict(import_of(path).skipped)["m.csv"]


@pytest.mark.parametrize("fields", [11, 12])
def test_epochs_and_commas_of_both_kinds_are_refused(tmp_path: Path, fields: int) -> None:
    path = tmp_path / "m.csv"
    row = "2026-03-02 08:00:00:000" + ",0" * (fields - 1)
    path.write_text(geneactiv_preamble() + f"{row}\n" * 50)
    with pytest.raises(RecordingError, match=f"rows have {fields} fields; .* not epochs"):
        read_motion(path, now=now)


def test_dates_of_a_clock_that_was_not_set_are_refused(tmp_path: Path) -> None:
    path = geneactiv(tmp_path)
    path.write_text(path.read_text().replace("2026-", "1970-"))
    with pytest.raises(RecordingError, match="before 2000"):
        read_motion(path, now=now)
