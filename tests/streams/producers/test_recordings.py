from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.recordings.protocol import RecordingError
from streams.producers.recordings import SPECS, open_recordings
from tests.models.recordings import small_sets


def test_an_unknown_specification_lists_the_known_ones() -> None:
    for spec in ("tape:1", "hapt", "simulated:", ""):
        with pytest.raises(RecordingError, match="is unknown") as raised:
            open_recordings(spec)
        assert all(known in str(raised.value) for known in SPECS)


def test_a_simulated_day_needs_no_data() -> None:
    (day,) = open_recordings("simulated:3:2")
    assert (day.name, day.duration_s) == ("simulated-3", 120.0)
    assert open_recordings("simulated:3")[0].duration_s == 24 * 60


def test_a_folder_is_opened_by_its_path(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(16_000), 16_000)
    assert open_recordings(f"folder:{tmp_path}")[0].streams == ("audio",)


@pytest.mark.parametrize(
    ("spec", "file", "write", "count"),
    [
        ("hapt:u01", "hapt_50hz.npz", small_sets.hapt, 2),
        ("hapt:all", "hapt_50hz.npz", small_sets.hapt, 3),
        ("classyglass:D1_u02", "classyglass_50hz.npz", small_sets.classyglass, 1),
        ("classyglass:all", "classyglass_50hz.npz", small_sets.classyglass, 3),
        ("wisdm-phone:1600", "wisdm19_phone_20hz.npz", small_sets.wisdm, 1),
        ("wisdm-watch:1600", "wisdm19_watch_20hz.npz", small_sets.wisdm, 1),
    ],
)
def test_a_data_set_is_read_below_the_data_folder(
    tmp_path: Path, spec: str, file: str, write: object, count: int
) -> None:
    (tmp_path / "imu").mkdir()
    with pytest.raises(RecordingError, match=file):
        open_recordings(spec, tmp_path)
    write(tmp_path / "imu" / file)  # type: ignore[operator]
    assert len(open_recordings(spec, tmp_path)) == count


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("simulated:x", "seed is 'x'; expected a number"),
        ("simulated:1:long", "minutes is 'long'; expected a number"),
        ("simulated:1:0", "minutes is 0.0; expected 0.5 to 1440"),
        ("composed:D1_u01", "no data folder is set"),
        ("hapt:u01", "no data folder is set"),
    ],
)
def test_a_bad_value_is_one_clear_line(spec: str, message: str) -> None:
    with pytest.raises(RecordingError, match=message) as raised:
        open_recordings(spec)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("spec", "file", "write", "users", "example"),
    [
        ("hapt:1", "hapt_50hz.npz", small_sets.hapt, "u01, u02", "hapt:u01"),
        ("wisdm-phone:1", "wisdm19_phone_20hz.npz", small_sets.wisdm, "1600", "wisdm-phone:1600"),
    ],
)
def test_an_id_that_is_not_there_says_where_it_was_looked_for_and_names_one_that_is(
    tmp_path: Path, spec: str, file: str, write: object, users: str, example: str
) -> None:
    (tmp_path / "imu").mkdir()
    write(tmp_path / "imu" / file)  # type: ignore[operator]
    with pytest.raises(RecordingError) as raised:
        open_recordings(spec, tmp_path)
    message = str(raised.value)
    assert message.startswith(f"user '1' is not in {file}; expected one of {users}")
    assert message.endswith(
        f"; looked in {str(tmp_path)!r} (set by --data, else by EGOLOG_SHARED_DATA); "
        f"an example is {example}"
    )
    assert open_recordings(example, tmp_path)


def test_without_a_data_folder_it_is_said_how_to_set_one() -> None:
    with pytest.raises(RecordingError) as raised:
        open_recordings("composed-day:3")
    assert str(raised.value) == (
        "no data folder is set by --data, else by EGOLOG_SHARED_DATA; expected the one that "
        "holds imu/, audio/ and hrtf/; an example is composed-day:1"
    )


def test_the_error_of_a_recording_without_a_data_folder_names_none() -> None:
    with pytest.raises(RecordingError) as raised:
        open_recordings("simulated:x")
    assert "--data" not in str(raised.value)


def test_a_missing_data_folder_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"data folder .* does not exist"):
        open_recordings("hapt:u01", tmp_path / "none")
    with pytest.raises(RecordingError, match=r"classyglass_50hz\.npz' does not exist"):
        open_recordings("composed:D1_u01", tmp_path)
