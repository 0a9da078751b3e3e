from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.imports.motion import read_motion
from models.recordings.protocol import RecordingError
from tests.models.recordings.imports.motion.wearer import START_S, G, now, walk
from tests.models.recordings.imports.opening import import_of
from tests.models.recordings.imports.wearables import (
    ACTIGRAPH_NAMES,
    RATE_HZ,
    SECONDS,
    actigraph,
    actigraph_preamble,
    rows,
)

if TYPE_CHECKING:
    from pathlib import Path

START_NS = round(START_S) * 10**9
_, VALUES = walk(SECONDS, RATE_HZ)
ROWS = rows(*VALUES[:, :3].T / G)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "raw.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize("names", [ACTIGRAPH_NAMES, ""])
@pytest.mark.parametrize(
    ("form", "date"),
    [
        ("M/d/yyyy", "3/2/2026"),
        ("dd/MM/yyyy", "02/03/2026"),
        ("dd.MM.yyyy", "02.03.2026"),
        ("yyyy-MM-dd", "2026-03-02"),
    ],
)
def test_start_rate_and_unit_are_those_of_the_preamble(
    tmp_path: Path, names: str, form: str, date: str
) -> None:
    text = actigraph_preamble(form=form, date=date) + names + ROWS
    motion = read_motion(write(tmp_path, text), now=now)
    assert (motion.start_ns, motion.rate_hz, motion.rows_left_out) == (START_NS, 100.0, {})
    np.testing.assert_allclose(motion.stretches[0].values[:, :3], VALUES[:, :3], atol=1e-4)
    assert motion.warnings[0] == "the preamble names no time zone: taken as UTC"


def test_a_bad_row_is_a_hole_of_one_sample(tmp_path: Path) -> None:
    lines = (actigraph_preamble() + ROWS).splitlines()
    lines[1_010] = "0.1,"
    motion = read_motion(write(tmp_path, "\n".join(lines)), now=now)
    assert motion.rows_left_out == {"cut": 1}
    assert [stretch.offset_ns for stretch in motion.stretches] == [0, 10_010_000_000]


@pytest.mark.parametrize("names", [ACTIGRAPH_NAMES, ""])
def test_semicolons_and_decimal_commas_will_do(tmp_path: Path, names: str) -> None:
    body = (names + ROWS).replace(",", ";").replace(".", ",")
    motion = read_motion(write(tmp_path, actigraph_preamble() + body), now=now)
    np.testing.assert_allclose(motion.stretches[0].values[:, :3], VALUES[:, :3], atol=1e-4)


@pytest.mark.parametrize("names", [ACTIGRAPH_NAMES, ""])
def test_decimal_commas_in_quotes_will_do(tmp_path: Path, names: str) -> None:
    lines = (names + ROWS).splitlines()
    quoted = ['"' + line.replace(",", '","').replace(".", ",") + '"' for line in lines]
    motion = read_motion(write(tmp_path, actigraph_preamble() + "\n".join(quoted)), now=now)
    np.testing.assert_allclose(motion.stretches[0].values[:, :3], VALUES[:, :3], atol=1e-4)


@pytest.mark.parametrize("names", [ACTIGRAPH_NAMES, ""])
def test_commas_of_both_kinds_are_refused(tmp_path: Path, names: str) -> None:
    text = "".join("{:.3f},{:.3f},{:.3f}\n".format(*row) for row in VALUES[:, :3] / G)
    path = write(tmp_path, actigraph_preamble() + names + text.replace(".", ","))
    with pytest.raises(RecordingError, match=r"its rows have 6 fields; expected .*semicolons"):
        read_motion(path, now=now)


def test_without_a_date_the_start_is_unknown_and_may_be_given(tmp_path: Path) -> None:
    path = write(tmp_path, actigraph_preamble(date=None) + ROWS)
    (recording,) = import_of(path).recordings
    assert "the preamble has no Start Date: the start is unknown" in recording.warnings
    assert any("--start sets it" in warning for warning in recording.warnings)
    (given,) = import_of(path, start_ns=START_NS).recordings
    assert given.start_ns == START_NS


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"date": "31/31/2026"}, r"its start 'Start Date 31/31/2026'.* is no date and time"),
        ({"date": "3/2/1980"}, "'Start Date' is 1980-03-02T08:00:00Z, before 2000"),
        ({"rate": " at 1 Hz"}, "rate is 1 Hz; expected 10 to 800"),
        ({"rate": ""}, "its first line lacks the rate, as 'at 100 Hz'"),
    ],
)
def test_a_preamble_that_cannot_be_is_refused(
    tmp_path: Path, options: dict[str, str], reason: str
) -> None:
    with pytest.raises(RecordingError, match=reason):
        read_motion(write(tmp_path, actigraph_preamble(**options) + ROWS), now=now)


def test_counts_by_epochs_are_refused_with_the_export_that_works(tmp_path: Path) -> None:
    preamble = actigraph_preamble(rate="").replace("(hh:mm:ss) 00:00:00", "(hh:mm:ss) 00:01:00")
    found = import_of(write(tmp_path, preamble + "12,3,40\n" * 50))
    reason = "holds ActiGraph's counts of epochs of 00:01:00, no acceleration; export the raw data"
    assert reason in dict(found.skipped)["raw.csv"]


def test_a_cut_preamble_is_refused(tmp_path: Path) -> None:
    found = import_of(write(tmp_path, actigraph_preamble()[:200]))
    assert "its preamble is cut" in dict(found.skipped)["raw.csv"]


def test_times_in_a_column_are_read_in_the_format_of_the_preamble(tmp_path: Path) -> None:
    times, values = walk(SECONDS, RATE_HZ)
    stamps = [f"02/03/2026 08:00:{t:06.3f}" for t in times[:3_000]]
    text = actigraph_preamble(form="dd/MM/yyyy") + "Timestamp," + ACTIGRAPH_NAMES
    motion = read_motion(write(tmp_path, text + rows(stamps, *values[:3_000, :3].T / G)), now=now)
    assert (motion.start_ns, motion.rate_hz) == (START_NS, 100.0)


def test_an_export_is_one_recording(tmp_path: Path) -> None:
    (recording,) = import_of(actigraph(tmp_path)).recordings
    assert (recording.start_ns, recording.motion_s) == (START_NS, SECONDS)
