from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pytest

from models.lanhar.resample import to_20_hz
from models.research.lanhar.interpretation.windows import (
    Windows,
    WindowsError,
    concatenate,
    of_arrays,
    read_npz,
    write_npz,
)
from tests.shared_data import shared_data

if TYPE_CHECKING:
    from pathlib import Path

RNG = np.random.default_rng(3)


def arrays(count: int = 4) -> dict[str, Any]:
    return {
        "data": RNG.normal(0, 1, (count, 120, 6)).astype(np.float16),
        "label": np.array(["jogging", "sitting"] * (count // 2)),
        "user": np.array(["u1"] * count),
        "position": np.array(["waist"] * count),
        "device": np.array(["phone"] * count),
    }


def written(path: Path, **content: Any) -> Path:
    np.savez(path, **content)
    return path


def recordings() -> dict[str, Any]:
    """Return two recordings at 50 Hz whose first column counts their rows."""
    rows = np.concatenate([np.arange(2_000), np.arange(1_000)])
    signal = np.zeros((3_000, 6), np.int16)
    signal[:, 0] = rows
    return {
        "signal": signal,
        "scale": np.full(6, 50.0, np.float32),
        "recording_start": np.array([0, 2_000]),
        "recording_stop": np.array([2_000, 3_000]),
        "recording_user": np.array(["u1", "u2"]),
        "sampling_rate_hz": np.array(50.0),
        "position": np.array("waist"),
    }


def test_a_file_of_windows_is_read_with_canonical_labels(tmp_path: Path) -> None:
    windows = read_npz(written(tmp_path / "a_20hz.npz", **arrays()))
    assert windows.data.dtype == np.float32
    assert windows.data.shape == (4, 120, 6)
    assert windows.label.tolist() == ["running", "sitting", "running", "sitting"]
    assert (windows.name, windows.position[0], windows.dropped) == ("a_20hz", "waist", 0)


def test_a_file_that_is_not_written_to_its_end_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = read_npz(written(tmp_path / "a_20hz.npz", **arrays()))
    path = tmp_path / "new" / "b_20hz.npz"
    write_npz(path, windows)
    np.testing.assert_array_equal(read_npz(path).data, windows.data.astype(np.float16))

    def full(file: BinaryIO, **_columns: object) -> None:
        file.write(b"half")
        raise OSError("no space left on device")

    before = path.read_bytes()
    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="no space left"):
        write_npz(path, windows)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["b_20hz.npz"]


def test_position_and_device_may_lack_or_be_one_word(tmp_path: Path) -> None:
    content = arrays()
    del content["device"]
    content["position"] = np.array("wrist")
    windows = read_npz(written(tmp_path / "a.npz", **content))
    assert windows.position.tolist() == ["wrist"] * 4
    assert windows.device.tolist() == ["unknown"] * 4


@pytest.mark.parametrize("key", ["label", "user"])
def test_a_lacking_key_is_named(tmp_path: Path, key: str) -> None:
    content = arrays()
    del content[key]
    with pytest.raises(WindowsError, match=f"lacks {key}; it holds"):
        read_npz(written(tmp_path / "a.npz", **content))


@pytest.mark.parametrize("key", ["label", "user", "position", "device"])
def test_a_column_of_another_length_is_named(tmp_path: Path, key: str) -> None:
    content = arrays()
    content[key] = content[key][:-1]
    with pytest.raises(WindowsError, match=rf"{key} has shape \(3,\); expected \(4,\)"):
        read_npz(written(tmp_path / "a.npz", **content))


@pytest.mark.parametrize("data", [np.zeros((4, 128, 6)), np.zeros((4, 720)), np.zeros((4, 120, 9))])
def test_windows_of_another_shape_are_refused(tmp_path: Path, data: np.ndarray) -> None:
    with pytest.raises(WindowsError, match="data is float64"):
        read_npz(written(tmp_path / "a.npz", **{**arrays(), "data": data}))


def test_whole_numbers_are_no_windows(tmp_path: Path) -> None:
    content = {**arrays(), "data": np.zeros((4, 120, 6), np.int16)}
    with pytest.raises(WindowsError, match="data is int16"):
        read_npz(written(tmp_path / "a.npz", **content))


def test_windows_that_are_not_finite_are_left_out_and_counted(tmp_path: Path) -> None:
    content = arrays()
    content["data"][1, 5, 2] = np.nan
    content["data"][3, 0, 0] = np.inf
    windows = read_npz(written(tmp_path / "a.npz", **content))
    assert (len(windows), windows.dropped) == (2, 2)
    assert windows.label.tolist() == ["running", "running"]


def test_what_is_no_npz_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(WindowsError, match="does not exist"):
        read_npz(tmp_path / "none.npz")
    path = tmp_path / "torn.npz"
    path.write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(WindowsError, match=r"not a readable \.npz"):
        read_npz(path)
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(WindowsError, match="is a single array"):
        read_npz(tmp_path / "one.npy")
    with pytest.raises(WindowsError, match=r"lacks data \(windows\) and signal"):
        read_npz(written(tmp_path / "other.npz", x=np.zeros(3)))


def test_pickled_objects_are_never_opened(tmp_path: Path) -> None:
    content = {**arrays(), "label": np.array([object()] * 4, dtype=object)}
    with pytest.raises(WindowsError, match=r"not a readable \.npz"):
        read_npz(written(tmp_path / "a.npz", **content))


def test_intervals_are_cut_into_whole_windows_inside_them(tmp_path: Path) -> None:
    content = recordings() | {
        "interval_recording": np.array([0, 1, 1]),
        "interval_start": np.array([103, 0, 600]),
        "interval_stop": np.array([803, 299, 900]),
        "interval_label": np.array(["walking", "sitting", "standing"]),
    }
    windows = read_npz(written(tmp_path / "h_50hz.npz", **content))
    assert windows.label.tolist() == ["walking", "walking", "standing"]
    assert windows.user.tolist() == ["u1", "u1", "u2"]
    # Column 0 counts seconds: the windows begin where their rows did.
    assert windows.data[:, 0, 0] == pytest.approx([103 / 50, 403 / 50, 600 / 50], abs=0.02)
    assert windows.data[:, 119, 0] - windows.data[:, 0, 0] == pytest.approx(119 / 20, abs=0.04)


def test_a_change_of_posture_gets_one_window_about_its_middle(tmp_path: Path) -> None:
    content = recordings() | {
        "interval_recording": np.array([0, 0, 0]),
        "interval_start": np.array([400, 10, 500]),
        "interval_stop": np.array([550, 160, 580]),
        "interval_label": np.array(["sit to stand", "stand to sit", "sit to lie"]),
    }
    windows = read_npz(written(tmp_path / "h_50hz.npz", **content))
    # The second would begin before its recording, the third is too short.
    assert windows.label.tolist() == ["standing up"]
    assert windows.data[0, 0, 0] == pytest.approx((475 - 150) / 50, abs=0.02)


def test_listed_windows_are_cut_from_their_recordings(tmp_path: Path) -> None:
    written(tmp_path / "c_50hz.npz", **recordings())
    written(
        tmp_path / "c_windows.npz",
        recording=np.array([1, 0, 1]),
        start=np.array([300, 301, 900]),
        label=np.array(["walking", "TUG", "sitting"]),
        user=np.array(["u2", "u1", "u2"]),
    )
    windows = read_npz(tmp_path / "c_50hz.npz")
    assert windows.label.tolist() == ["walking", "timed up and go"]
    assert windows.data[:, 0, 0] == pytest.approx([300 / 50, 301 / 50], abs=0.02)


@pytest.mark.parametrize("rate", [50.0, 20.0])
def test_windows_that_overlap_are_alike_where_they_do(tmp_path: Path, rate: float) -> None:
    noise = RNG.normal(0, 400, (3_000, 6)).astype(np.int16)
    content = {"signal": noise, "sampling_rate_hz": np.array(rate)}
    written(tmp_path / "c_50hz.npz", **recordings() | content)
    words = np.array(["walking"] * 4)
    starts = np.array([400, 500, 400, 1_100])
    recording = np.zeros(4, np.int64)
    written(tmp_path / "c_windows.npz", recording=recording, start=starts, label=words, user=words)
    first, second, again, apart = read_npz(tmp_path / "c_50hz.npz").data
    later = round(100 * 20 / rate)
    np.testing.assert_array_equal(first[later:], second[:-later])
    np.testing.assert_array_equal(first, again)
    even = to_20_hz(noise[400:2_000].astype(np.float32) / np.float32(50), rate)
    np.testing.assert_array_equal(first, even[:120])
    np.testing.assert_array_equal(apart, even[round(700 * 20 / rate) :][:120])


def test_a_recording_with_a_label_is_cut_from_its_first_row_on(tmp_path: Path) -> None:
    content = recordings()
    content |= {
        "recording_label": np.array(["walking", "sitting"]),
        "position": np.array(["ear", "chest"]),
    }
    path = written(tmp_path / "r_50hz.npz", **content)
    windows = read_npz(path)
    rows = (content["recording_stop"] - content["recording_start"]).tolist()
    counts = [count // 300 for count in rows]
    assert windows.label.tolist() == ["walking"] * counts[0] + ["sitting"] * counts[1]
    assert windows.position.tolist() == ["ear"] * counts[0] + ["chest"] * counts[1]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"interval_recording": np.array([7])}, "interval of recording 7; expected one of its 2"),
        ({"interval_start": np.array(["a"])}, "interval_start .*expected a row of whole numbers"),
        ({"interval_stop": np.array([300, 600])}, "2 entries in interval_stop; expected 1"),
        ({"scale": np.zeros(6)}, "expected six above 0"),
        ({"signal": np.zeros((1800, 7), np.int16)}, r"expected numbers of shape \(any, 6\)"),
        ({"sampling_rate_hz": np.array(4.0)}, "sampled at 4 Hz; expected 20 to 1000"),
    ],
)
def test_recordings_that_contradict_themselves_are_refused(
    tmp_path: Path, changes: dict[str, np.ndarray], reason: str
) -> None:
    content = recordings() | {
        "interval_recording": np.array([0]),
        "interval_start": np.array([0]),
        "interval_stop": np.array([600]),
        "interval_label": np.array([b"walking"]),
    }
    assert read_npz(written(tmp_path / "h_50hz.npz", **content)).label.tolist() == ["walking"] * 2
    with pytest.raises(WindowsError, match=f"h_50hz.npz' cannot be cut into windows: .*{reason}"):
        read_npz(written(tmp_path / "h_50hz.npz", **(content | changes)))


def test_recordings_without_labels_say_what_is_missing(tmp_path: Path) -> None:
    path = written(tmp_path / "c_50hz.npz", **recordings())
    with pytest.raises(WindowsError, match=r"'c_windows\.npz' is not beside it"):
        read_npz(path)


def test_windows_are_chosen_and_put_together() -> None:
    content = arrays()
    windows = of_arrays("a", **content)
    still = windows.where(windows.label == "sitting")
    assert still.label.tolist() == ["sitting", "sitting"]
    both = concatenate([still, windows], "b")
    assert (len(both), both.name) == (6, "b")
    with pytest.raises(WindowsError, match="no windows"):
        concatenate([], "b")


def test_windows_of_another_shape_cannot_be_made() -> None:
    content = arrays()
    content["data"] = content["data"][:, :100]
    with pytest.raises(WindowsError, match=r"data has shape \(4, 100, 6\)"):
        of_arrays("a", **content)


def test_hapts_recordings_and_windows_agree() -> None:
    folder = shared_data() / "imu"
    cut, given = read_npz(folder / "hapt_50hz.npz"), read_npz(folder / "uci_hapt_20hz.npz")
    assert isinstance(cut, Windows)
    for label in ("walking", "lying", "sitting"):
        ours, theirs = (w.data[w.label == label] for w in (cut, given))
        assert len(ours) == len(theirs)
        # Both cut the same stretches; theirs may begin a fraction of a sample off.
        assert np.median(np.abs(ours.mean(axis=1) - theirs.mean(axis=1))) < 0.05
        assert np.median(np.abs(ours.std(axis=1) - theirs.std(axis=1))) < 0.05
