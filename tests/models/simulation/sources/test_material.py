from pathlib import Path

import pytest

from models.recordings.shared_data import ENVIRONMENT, shared_data
from models.recordings.splits import Splits
from models.simulation.acoustics.sounds import synthesise
from models.simulation.sources.material import Material, missing, unseen_material
from models.simulation.sources.measured import SoundBank
from tests.models import small_data


def test_all_there_is_is_read_of_its_split(tmp_path: Path) -> None:
    data = small_data.write(tmp_path)
    test = Material.read(data, "test", elsewhere=False)
    assert isinstance(test.sounds, SoundBank)
    assert test.motions is not None
    assert set(test.motions.users["head"]) == {small_data.USERS[1]}
    assert len(test.ears) == 1
    assert not test.elsewhere
    everything = Material.read(data, Splits.of(None))
    assert everything.motions is not None
    assert set(everything.motions.users["head"]) == set(small_data.USERS)
    assert len(everything.ears) == len(small_data.SUBJECTS)


def test_what_is_absent_is_simulated_and_named(tmp_path: Path) -> None:
    small_data.ears(tmp_path / "hrtf")
    material = Material.read(tmp_path, "train")
    assert material.sounds is synthesise
    assert material.motions is None
    assert material.ears
    assert missing(tmp_path) == [
        "audio/esc50_16k/esc50.csv",
        "imu/classyglass_50hz.npz",
        "imu/classyglass_windows.npz",
    ]
    assert Material.read(None, "train") == Material()


def test_other_parts_and_shares_have_other_names_in_the_cache(tmp_path: Path) -> None:
    data = small_data.write(tmp_path)
    names = {
        Material.read(data, split, share).name
        for split in ("train", "test")
        for share in (0.5, 1.0)
    }
    assert len(names) == 4


def test_the_recordings_are_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    assert shared_data() is None
    (tmp_path / "audio").mkdir()
    assert shared_data() == tmp_path


def test_unseen_material_of_a_folder_is_named_after_it(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        small_data.write(folder)
    one, two = (unseen_material(folder) for folder in folders)
    assert one.name != two.name
    assert isinstance(one.sounds, SoundBank)
    assert not one.elsewhere
    assert unseen_material(None) == Material(name="simulatedsimulated")
