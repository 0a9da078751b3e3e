from pathlib import Path

import numpy as np
import pytest

from models.recordings.datasets import spoken_digits
from models.recordings.shared_data import ENVIRONMENT, SPEECH, shared_data
from models.recordings.splits import Split, Splits
from models.simulation.acoustics.sounds import FS, Wave, synthesise
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


def talking(material: Material, source: int) -> Wave:
    draw, noise = np.random.default_rng(source), np.random.default_rng(source + 1)
    return material.sounds("speech", draw, noise, 2 * FS)


def pitch_hz(wave: Wave) -> int:
    spectrum = np.abs(np.fft.rfft(wave))
    return int(np.argmax(spectrum) * FS / len(wave))


def test_who_talks_is_a_real_speaker_of_the_same_part(tmp_path: Path) -> None:
    data = small_data.write(tmp_path)
    small_data.speech(data / SPEECH)
    parts: tuple[Split, ...] = ("train", "validation", "test")
    for number, part in enumerate(parts, 1):
        material = Material.read(data, part)
        for source in range(4):
            # The speakers' pitches are 200 Hz apart.
            assert pitch_hz(talking(material, source)) == pytest.approx(200 * number, abs=2)


def test_silence_is_never_labelled_speech(tmp_path: Path) -> None:
    small_data.speech(tmp_path / SPEECH)
    # Of every second of the files 0.6 s are silent.
    for wave in (talking(Material.read(tmp_path, "train"), source) for source in range(8)):
        assert spoken_digits.speaking(wave).mean() > 0.6


def test_without_speech_a_folder_is_as_it_was(tmp_path: Path) -> None:
    data = small_data.write(tmp_path)
    before = Material.read(data, "train")
    assert before.name == "composed-train-1-ears2"
    for source in range(4):
        draw, noise = np.random.default_rng(source), np.random.default_rng(source + 1)
        assert np.array_equal(talking(before, source), synthesise("speech", draw, noise, 2 * FS))
    small_data.speech(data / SPEECH)
    after = Material.read(data, "train")
    # Days that were composed before must not be taken for days with real speech.
    assert after.name == "composed-train-1-speech-ears2"
    dog, same = [
        material.sounds("dog", np.random.default_rng(1), np.random.default_rng(2), FS)
        for material in (before, after)
    ]
    assert np.array_equal(dog, same)


def test_some_talking_is_synthesised_where_recordings_are_but_a_share(tmp_path: Path) -> None:
    small_data.speech(tmp_path / SPEECH)
    half = Material.read(tmp_path, "train", real_share=0.5)
    whole = Material.read(tmp_path, "train")
    real = [np.array_equal(talking(half, source), talking(whole, source)) for source in range(20)]
    assert 4 < sum(real) < 16


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
