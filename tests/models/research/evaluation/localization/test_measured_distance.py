from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.research.evaluation.localization import measured_distance
from models.research.evaluation.localization.measured_distance import (
    DistanceSeconds,
    measure,
)
from models.research.lib.metrics import calibration_error
from models.serving.registry import Registry
from models.simulation.sources.measured import SoundBank
from schemas.evidence import REGIONS
from tests.models.simulation.sources.measured_files import dummy_head_file

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def seconds(regions: list[str], azimuth: list[float], metres: list[float]) -> DistanceSeconds:
    predicted = np.eye(len(REGIONS), dtype=np.float32)[[REGIONS.index(name) for name in regions]]
    return DistanceSeconds(predicted, np.array(azimuth), np.array(metres))


def test_balanced_weighs_near_and_far_alike_and_leaves_out_the_border() -> None:
    judged = seconds(
        ["left-near", "left-far", "left-near", "left-near", "left-far"],
        [90, 90, 90, 90, 90],
        [0.5, 0.5, 1.5, 1.0, 3.0],
    )
    assert judged.balanced_accuracy() == pytest.approx(0.5)
    assert seconds(["left-near"], [90], [0.5]).balanced_accuracy() is None


def test_sources_at_the_border_alone_have_no_calibration() -> None:
    border = seconds(["left-near"], [90], [1.0])
    assert border.calibration() == {"seconds": 0, "said": None, "near": None, "ece": None}
    assert len(border.take(border.distance_m != 1.0).near) == 0


def test_lateral_keeps_what_is_beside_the_head() -> None:
    judged = seconds(["left-near"] * 4, [0, 60, -90, 180], [0.5] * 4)
    assert judged.lateral().azimuth_deg.tolist() == [60, -90]


def test_each_distance_has_its_own_figures() -> None:
    judged = seconds(["left-near", "left-far", "front-near"], [90, 90, 90], [0.5, 0.5, 2.0])
    assert judged.by_distance() == {
        "0.5": {"seconds": 2, "said_near": 0.5, "direction": 1.0},
        "2": {"seconds": 1, "said_near": 1.0, "direction": 0.0},
    }


def test_a_probability_that_is_right_as_often_as_it_says_has_no_error() -> None:
    truth = np.array([True] * 3 + [False])
    assert calibration_error(np.full(4, 0.75), truth) == pytest.approx(0)
    assert calibration_error(np.full(4, 0.95), truth) == pytest.approx(0.2)


def test_what_counts_more_weighs_more_in_the_calibration_error() -> None:
    truth = np.array([True, False])
    assert calibration_error(np.full(2, 0.75), truth, np.array([3.0, 1.0])) == pytest.approx(0)


def test_calibration_is_of_what_is_not_at_the_border() -> None:
    judged = seconds(["left-near", "left-far", "left-near"], [90, 90, 90], [0.5, 1.5, 1.0])
    assert judged.calibration() == {"seconds": 2, "said": 0.5, "near": 0.5, "ece": 0.0}
    far = seconds(["left-near", "left-far"], [90, 90], [1.5, 1.5])
    assert far.calibration()["ece"] == pytest.approx(far.calibration()["said"])


def test_what_is_absent_is_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sounds = SoundBank({"dog": [rng.normal(0, 0.1, 32_000).astype(np.float32)]}, share=1.0)
    assert measure(Registry(), tmp_path, sounds, 0) == {
        "skipped": ["ku100_16khz.npz", "*_16k.sofa"]
    }
    dummy_head_file(tmp_path / "ku100_16khz.npz")
    figures = measure(Registry(), tmp_path, sounds, 0, clips=1)
    assert figures["skipped"] == ["*_16k.sofa"]
    assert set(figures["ku100"]["distances"]) == {"0.5", "3.25"}
    assert figures["ku100"]["ece"] == figures["ece"]
    assert set(figures["balance_db"]) == {"dry", "rooms"}
    assert set(figures["first_seconds"]) == {"ku100", "ece", "calibration"}
    assert set(figures["first_seconds"]["ku100"]) == set(figures["ku100"])


def test_a_device_is_judged_by_what_its_own_seconds_say_of_its_microphones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    sounds = SoundBank({"dog": [rng.normal(0, 0.1, 32_000).astype(np.float32)]}, share=1.0)
    plain = measured_distance.maps_of

    def louder(waves: list[NDArray[np.float32]]) -> NDArray[np.float16]:
        return plain([wave * np.array([[10 ** (1.5 / 20)], [1.0]], np.float32) for wave in waves])

    dummy_head_file(tmp_path / "ku100_16khz.npz")
    alike = measure(Registry(), tmp_path, sounds, 0, clips=1)["balance_db"]["dry"]
    monkeypatch.setattr(measured_distance, "maps_of", louder)
    figures = measure(Registry(), tmp_path, sounds, 0, clips=1)
    gained = figures["balance_db"]["dry"] - alike
    assert 0.75 < gained < 1.6


def test_a_room_is_judged_at_all_of_its_distances() -> None:
    judged = seconds(["left-near", "left-far", "front-far"], [90, 90, 90], [0.7, 1.5, 1.5])
    [room] = measured_distance._figures({}, {"room": judged})["surrey"].values()
    assert room["distances_m"] == [0.7, 1.5]
    assert room["seconds"] == 3
    assert room["direction"] == pytest.approx(2 / 3)
