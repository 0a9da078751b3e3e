from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from models.recordings.datasets import classyglass, hapt, wisdm
from models.recordings.datasets.replayed_motion import truth_of
from models.recordings.protocol import RecordingError
from tests.models.recordings import small_sets

if TYPE_CHECKING:
    from pathlib import Path

    from models.recordings.formats.arrays import ImuArray

READERS: dict[str, tuple[str, Any, Any]] = {
    "hapt": ("hapt_50hz.npz", small_sets.hapt, hapt.open_all),
    "classyglass": ("classyglass_50hz.npz", small_sets.classyglass, classyglass.open_all),
    "wisdm": ("wisdm19_phone_20hz.npz", small_sets.wisdm, wisdm.open_all),
}
BEYOND_FLOAT32 = 1e300


def read_small(folder: Path, name: str, **changed: Any) -> list[ImuArray]:
    """Read a small set with some arrays changed; None leaves one out."""
    file, write, open_all = READERS[name]
    arrays = write(folder / file) | changed
    np.savez(folder / file, **{key: each for key, each in arrays.items() if each is not None})
    recordings: list[ImuArray] = open_all(folder / file)
    return recordings


def with_bad_row(shape: tuple[int, ...], value: float) -> np.ndarray[Any, Any]:
    values = np.ones(shape)
    values[..., 3, 2] = value
    return values


@pytest.mark.parametrize(
    ("name", "changed", "reason"),
    [
        ("hapt", {"interval_label": None}, "lacks interval_label; it holds signal"),
        ("hapt", {"interval_stop": np.array([9])}, "1 entries in interval_stop; expected 3"),
        ("hapt", {"recording_user": np.array(["u01"])}, "1 entries in recording_user; expected 3"),
        ("hapt", {"recording_start": np.array(["a"] * 3)}, "expected a row of whole numbers"),
        ("hapt", {"recording_stop": np.array([500, 800, 9999])}, "in rows 800 to 9999; expected"),
        ("hapt", {"sampling_rate_hz": np.array(20.0)}, "sampled at 20 Hz; expected 50"),
        ("hapt", {"scale": np.zeros(6)}, "expected six above 0"),
        (
            "hapt",
            {"signal": with_bad_row((1200, 6), np.nan)},
            "in row 3 of hapt-u01-1 that are not fin",
        ),
        ("classyglass", {"recording_label": None}, "lacks recording_label; it holds signal"),
        (
            "classyglass",
            {"recording_label": np.array(["walking"])},
            "1 entries in recording_label; expected 3",
        ),
        ("classyglass", {"recording_t0_unix_s": None}, "lacks recording_t0_unix_s"),
        (
            "classyglass",
            {"recording_t0_unix_s": np.array([1.0, np.nan, 2.0])},
            "recording_t0_unix_s nan; expected seconds since 1970",
        ),
        (
            "classyglass",
            {"recording_t0_unix_s": np.full(3, 1.5e12)},
            r"recording_t0_unix_s 1\.5e\+12; expected seconds since 1970",
        ),
        (
            "classyglass",
            {"signal": with_bad_row((1525, 6), BEYOND_FLOAT32)},
            "row 3 of classyglass-D1_u01-2 that are not finite",
        ),
        ("wisdm", {"label": np.array(["walking"])}, "1 entries in label; expected 4"),
        ("wisdm", {"user": None}, "lacks user"),
        ("wisdm", {"data": np.ones((4, 6, 120))}, r"data of shape \(4, 6, 120\)"),
        (
            "wisdm",
            {"data": with_bad_row((4, 120, 6), np.inf)},
            "row 3 of wisdm-phone-1600 that are",
        ),
    ],
)
def test_a_file_that_contradicts_itself_is_one_clear_line(
    tmp_path: Path, name: str, changed: dict[str, Any], reason: str
) -> None:
    with pytest.raises(RecordingError, match=reason) as caught:
        read_small(tmp_path, name, **changed)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", READERS)
def test_text_stored_as_bytes_and_offsets_stored_as_floats_are_read_alike(
    tmp_path: Path, name: str
) -> None:
    file, write, open_all = READERS[name]
    arrays = write(tmp_path / file)
    expected = open_all(tmp_path / file)
    stored = {
        key: values.astype("S" if values.dtype.kind == "U" else np.float64)
        for key, values in arrays.items()
        if key != "data"
    }
    for own, wanted in zip(read_small(tmp_path, name, **stored), expected, strict=True):
        assert (own.name, own.start_ns, own.spans) == (wanted.name, wanted.start_ns, wanted.spans)
        for ours, theirs in zip(own.imu(), wanted.imu(), strict=True):
            np.testing.assert_array_equal(ours.acc, theirs.acc)
            np.testing.assert_array_equal(ours.gyro, theirs.gyro)


def test_a_file_of_a_rate_near_50_hz_is_replayed_at_its_own(tmp_path: Path) -> None:
    assert read_small(tmp_path, "hapt", sampling_rate_hz=np.array(50.2))[0].rate == 50.2


def test_only_the_values_of_the_opened_user_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "hapt_50hz.npz"
    arrays = small_sets.hapt(path)
    np.savez(path, **arrays | {"signal": with_bad_row((1200, 6), np.nan)})
    assert [each.name for each in hapt.open_user(path, "u02")] == ["hapt-u02-1"]


def test_a_label_that_is_blank_or_lasts_no_time_is_no_truth() -> None:
    assert truth_of(" ", 0, 10, {}, {}) == []
    assert truth_of("walking", 10, 10, {}, {"walking": "walking"}) == []
    assert [(each.kind, each.label) for each in truth_of("jogging", 0, 10, {}, {}, "moving")] == [
        ("activity", "jogging"),
        ("motion", "moving"),
    ]
