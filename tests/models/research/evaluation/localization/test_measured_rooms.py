from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.shared_data import ESC50
from models.recordings.unseen import unseen
from models.research.evaluation.localization.measured_rooms import measure, render_second, rooms
from models.serving.registry import Registry
from models.simulation.sources.measured import SoundBank
from tests.models.simulation.sources.measured_files import LEVELS, sofa_file
from tests.shared_data import shared_data

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def sounds() -> SoundBank:
    rng = np.random.default_rng(0)
    return SoundBank({"dog": [rng.normal(0, 0.1, 32_000).astype(np.float32)]}, share=1.0)


def test_only_responses_at_16_khz_are_measured(tmp_path: Path) -> None:
    sofa_file(tmp_path / "b_16k.sofa")
    sofa_file(tmp_path / "a_16k.sofa")
    sofa_file(tmp_path / "a_48k.sofa", rate=48_000)
    assert [room.name for room in rooms(tmp_path)] == ["a_16k", "b_16k"]


def test_the_ear_turned_to_the_source_hears_it_louder(tmp_path: Path, sounds: SoundBank) -> None:
    room = rooms(sofa_file(tmp_path / "a_16k.sofa").parent)[0]
    left, right = render_second(room.responses[1], sounds, np.random.default_rng(1))
    assert np.square(left).mean() > 10 * np.square(right).mean()
    assert left.shape == (16_000,)


def test_a_place_between_two_directions_is_left_out(tmp_path: Path, sounds: SoundBank) -> None:
    levels = np.concatenate([LEVELS, [[1.5, 0.8]]]).astype(np.float32)
    sofa_file(tmp_path / "a_16k.sofa", azimuth=(0, 90, 270, 45), levels=levels)
    found = measure(Registry(), tmp_path, sounds, 0)["a_16k"]
    assert found["seconds"] == 3 * 4
    assert np.sum(found["confusion"]) == 3 * 4


def test_a_room_without_other_places_is_named(
    tmp_path: Path, sounds: SoundBank, capsys: pytest.CaptureFixture[str]
) -> None:
    sofa_file(tmp_path / "a_16k.sofa", azimuth=(45, 135, 315))
    assert measure(Registry(), tmp_path, sounds, 0) == {}
    assert capsys.readouterr().out == (
        "skipped: a_16k.sofa has sources only on the border of two directions\n"
    )


def test_left_and_right_of_a_measured_head_are_told_apart() -> None:
    data = shared_data()
    sounds = SoundBank.read(data / ESC50, unseen(data).sounds, share=1.0)
    found = measure(Registry(), data / "hrtf", sounds, 0)
    assert found
    for room in found.values():
        confusion = np.array(room["confusion"])
        assert confusion[1, 2] + confusion[2, 1] <= 0.05 * confusion[1:3].sum()
