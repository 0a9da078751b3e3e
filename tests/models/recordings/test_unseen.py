from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings import unseen as module
from models.recordings.splits import Splits, in_split
from models.recordings.unseen import split_elsewhere, trained_on, unseen
from tests.models import small_data
from tests.shared_data import shared_data

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def trained_on_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The names that the weights were trained on, to be filled by the test."""
    names: dict[str, list[str]] = {"sounds": ["1-1-A-0"], "ears": ["003"], "motion": ["D1_u01"]}
    file = tmp_path / "trained_on.json"
    monkeypatch.setattr(module, "TRAINED_ON", file)

    class Written(dict[str, list[str]]):
        def __setitem__(self, key: str, value: list[str]) -> None:
            super().__setitem__(key, value)
            file.write_text(json.dumps(self))

    written = Written(names)
    written["sounds"] = names["sounds"]
    return written


def test_all_of_a_folder_of_strangers_is_unseen(
    tmp_path: Path, trained_on_names: dict[str, list[str]]
) -> None:
    assert unseen(small_data.write(tmp_path)) == Splits.of(None)


def test_of_a_folder_that_was_trained_on_the_test_part_is_unseen(
    tmp_path: Path, trained_on_names: dict[str, list[str]]
) -> None:
    small_data.write(tmp_path, clips=["1-1-A-0"])
    assert unseen(tmp_path) == Splits("test", None, None, None, None)
    trained_on_names["ears"] = [small_data.SUBJECTS[2]]
    trained_on_names["motion"] = [small_data.USERS[0]]
    assert unseen(tmp_path) == Splits("test", "test", "test", None, None)


def test_a_name_stored_as_bytes_is_known(
    tmp_path: Path, trained_on_names: dict[str, list[str]]
) -> None:
    (tmp_path / "imu").mkdir()
    np.savez(tmp_path / "imu" / "hapt_50hz.npz", recording_user=np.array([b"D1_u01"]))
    assert unseen(tmp_path).motion == "test"


def test_what_a_folder_lacks_is_unseen(
    tmp_path: Path, trained_on_names: dict[str, list[str]]
) -> None:
    assert unseen(tmp_path) == Splits.of(None)


def test_of_a_kind_that_the_list_does_not_speak_of_the_test_part_is_unseen(
    tmp_path: Path, trained_on_names: dict[str, list[str]]
) -> None:
    small_data.speech(tmp_path / "audio" / "speech_digits_16k")
    small_data.streets(tmp_path / "audio" / "urbansound8k_16k")
    assert (unseen(tmp_path).speech, unseen(tmp_path).street) == ("test", "test")
    trained_on_names["speech"] = ["george_77"]
    trained_on_names["street"] = []
    assert (unseen(tmp_path).speech, unseen(tmp_path).street) == (None, None)
    trained_on_names["speech"] = ["george_00"]
    assert unseen(tmp_path).speech == "test"


def test_what_was_trained_on_elsewhere_never_tests(
    tmp_path: Path, trained_on_names: dict[str, list[str]]
) -> None:
    trained_on_names["sounds"] = ["1-77-A-0", "5-9950-A-0"]
    small_data.sounds(tmp_path / "audio" / "esc50_16k")
    parts = split_elsewhere(tmp_path)
    assert parts[77] == "train"
    # Of fold 5 in this table, yet among those that were trained on.
    assert parts[9950] == "train"
    assert parts[9951] == "test"
    assert parts[9912] == "validation"
    assert parts[9911] == "train"


def test_the_shipped_list_names_what_was_trained_on() -> None:
    found = trained_on()
    assert {"sounds", "ears", "motion"} <= set(found)
    assert all(found.values())
    assert not any(in_split(user, "test") for user in found["motion"])


def test_the_shared_recordings_are_known() -> None:
    assert unseen(shared_data()) == Splits.of("test")
