from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.models.recordings.imports.motion.wearer import START_S, walk
from tests.models.recordings.imports.opening import import_of
from tests.models.recordings.imports.wearables import (
    BIDS_STEM,
    RATE_HZ,
    SECONDS,
    bids,
    bids_channels,
    rows,
)

if TYPE_CHECKING:
    from pathlib import Path

START_NS = round(START_S) * 10**9
_, VALUES = walk(SECONDS, RATE_HZ)


def beside(study: Path, ending: str) -> Path:
    return study / "sub-01" / "motion" / f"{BIDS_STEM}_{ending}"


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def refused(study: Path) -> str:
    """Return why an import skips the samples of the only subject."""
    found = import_of(study)
    assert not found.recordings
    return dict(found.skipped)[f"sub-01/motion/{BIDS_STEM}_motion.tsv"]


def test_columns_rate_and_start_are_those_of_the_files_around(tmp_path: Path) -> None:
    found = import_of(bids(tmp_path))
    (recording,) = found.recordings
    assert (recording.start_ns, recording.imu_rate, recording.warnings) == (START_NS, 100, [])
    assert (recording.device_id, recording.position) == ("sub-01", "wrist")
    values = np.concatenate([np.concatenate([c.acc, c.gyro], axis=1) for c in recording.imu()])
    np.testing.assert_allclose(values, VALUES, atol=1e-4)
    assert not found.skipped


def test_one_file_is_read_with_those_around_it(tmp_path: Path) -> None:
    (recording,) = import_of(beside(bids(tmp_path), "motion.tsv")).recordings
    assert (recording.start_ns, recording.gyroscope) == (START_NS, True)


def test_a_file_above_holds_for_those_whose_names_have_its_parts(tmp_path: Path) -> None:
    study = bids(tmp_path)
    beside(study, "motion.json").rename(study / "task-walk_motion.json")
    (study / "task-run_motion.json").write_text('{"SamplingFrequency": 50}')
    found = import_of(study)
    assert found.recordings[0].imu_rate == 100
    assert [name for name, _ in found.skipped] == ["task-run_motion.json"]


def test_latency_times_the_rows(tmp_path: Path) -> None:
    study = bids(tmp_path)
    times, values = walk(SECONDS, 50.0)
    times[1_500:] += 10
    data = (times, *values[:, :3].T, *np.degrees(values[:, 3:]).T)
    beside(study, "motion.tsv").write_text(rows(*data, delimiter="\t"))
    beside(study, "channels.tsv").write_text(bids_channels(latency=True))
    beside(study, "motion.json").unlink()
    (recording,) = import_of(study).recordings
    assert (recording.start_ns, recording.imu_rate, recording.stretch_count) == (START_NS, 50, 2)
    assert recording.duration_s == pytest.approx(SECONDS + 10, abs=0.1)


def test_the_first_point_with_both_sensors_is_read_and_the_others_are_named(
    tmp_path: Path,
) -> None:
    study = bids(tmp_path)
    header, *channels = bids_channels().splitlines()
    chest = [line.replace("RightWrist", "chest") for line in channels[:3]]
    beside(study, "channels.tsv").write_text("\n".join([header, *chest, *channels]) + "\n")
    data = (*VALUES[::-1, :3].T, *VALUES[:, :3].T, *np.degrees(VALUES[:, 3:]).T)
    beside(study, "motion.tsv").write_text(rows(*data, delimiter="\t"))
    (recording,) = import_of(study).recordings
    assert recording.warnings == ["is read at RightWrist; not at chest"]
    acc = np.concatenate([chunk.acc for chunk in recording.imu()])
    np.testing.assert_allclose(acc, VALUES[:, :3], atol=1e-4)


def test_units_that_are_not_named_follow_from_the_values(tmp_path: Path) -> None:
    study = bids(tmp_path)
    replace_in(beside(study, "channels.tsv"), "m/s^2", "n/a")
    (recording,) = import_of(study).recordings
    acc = np.concatenate([chunk.acc for chunk in recording.imu()])
    np.testing.assert_allclose(acc, VALUES[:, :3], atol=1e-4)


def test_subjects_are_devices(tmp_path: Path) -> None:
    study = bids(tmp_path)
    for path in [*(study / "sub-01").rglob("*.*")]:
        there = study / str(path.relative_to(study)).replace("sub-01", "sub-02")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(path.read_text().replace("sub-01", "sub-02"))
    found = import_of(study)
    assert [r.device_id for r in found.recordings] == ["sub-01", "sub-02"]
    assert {r.start_ns for r in found.recordings} == {START_NS}
    assert not found.skipped


@pytest.mark.parametrize("acq_time", ["n/a", "1877-06-15T08:00:00"])
def test_without_a_date_the_start_is_unknown_and_that_is_a_warning(
    tmp_path: Path, acq_time: str
) -> None:
    study = bids(tmp_path)
    replace_in(study / "sub-01" / "sub-01_scans.tsv", "2026-03-02T08:00:00Z", acq_time)
    (recording,) = import_of(study).recordings
    assert any("the start is unknown" in warning for warning in recording.warnings)
    assert any("--start sets it" in warning for warning in recording.warnings)


def test_without_a_zone_the_start_is_utc_and_that_is_a_warning(tmp_path: Path) -> None:
    study = bids(tmp_path)
    replace_in(study / "sub-01" / "sub-01_scans.tsv", "08:00:00Z", "08:00:00")
    (recording,) = import_of(study).recordings
    assert recording.start_ns == START_NS
    assert recording.warnings == ["acq_time names no time zone: taken as UTC"]


def test_a_bad_row_is_a_hole_of_one_sample(tmp_path: Path) -> None:
    path = beside(bids(tmp_path), "motion.tsv")
    lines = path.read_text().splitlines()
    lines[1_000] = "n/a\t" * 5 + "n/a"
    path.write_text("\n".join(lines))
    found = import_of(tmp_path / "study")
    assert found.rows_left_out == {"empty": 1}
    assert found.recordings[0].stretch_count == 2


@pytest.mark.parametrize("rate", ["n/a", 0, True, 1e300])
def test_a_rate_that_is_none_is_refused(tmp_path: Path, rate: object) -> None:
    study = bids(tmp_path)
    beside(study, "motion.json").write_text(json.dumps({"SamplingFrequency": rate}))
    reason = f"SamplingFrequency in {BIDS_STEM}_motion.json is {str(rate)!r}; expected a number"
    assert reason in refused(study)


def test_a_rate_of_no_worn_sensor_is_refused(tmp_path: Path) -> None:
    study = bids(tmp_path)
    beside(study, "motion.json").write_text('{"SamplingFrequency": 1000}')
    assert "rate is 1000 Hz; expected 10 to 800" in refused(study)


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("channels.tsv", f"lacks {BIDS_STEM}_channels.tsv, which names its columns"),
        ("motion.json", f"no {BIDS_STEM}_motion.json gives SamplingFrequency, Hz"),
    ],
)
def test_what_lacks_is_named(tmp_path: Path, ending: str, reason: str) -> None:
    study = bids(tmp_path)
    beside(study, ending).unlink()
    assert reason in refused(study)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("\tunits", "\tunit", "_channels.tsv has no units"),
        ("acc_x\tx\tACCEL\tRightWrist\tm/s^2\n", "", " columns, but "),
        ("ACCEL", "POS", "without acceleration: its channels are POS, GYRO; expected ACCEL"),
    ],
)
def test_channels_that_do_not_fit_are_named(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    study = bids(tmp_path)
    replace_in(beside(study, "channels.tsv"), old, new)
    assert reason in refused(study)


def test_an_acq_time_that_is_none_is_refused(tmp_path: Path) -> None:
    study = bids(tmp_path)
    replace_in(study / "sub-01" / "sub-01_scans.tsv", "2026-03-02T08:00:00Z", "8 o'clock")
    assert 'acq_time in sub-01_scans.tsv is "8 o\'clock"; expected 2026-' in refused(study)
