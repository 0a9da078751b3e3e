from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from models.lanhar.rotation_invariant import channels_and_measures
from models.research.without_gyroscope.derived import write_derived
from models.serving.catalogue import key_of
from models.serving.predict import ActivityRecognizer, HarInput, ScenarioRecognizer
from models.serving.registry import DamagedWeightsError, Registry
from models.serving.served import ENCODERS, ENCODERS_ACCELERATION, LANHAR_SENSOR
from models.serving.weights_file import names_encoders, write_weights
from models.serving.without_gyroscope import ROTATION_OF, ByGyroscope
from tests.models import fresh

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    from models.serving.registry import Precision


class Named:
    """A session that answers with its name, and counts what it was asked at once."""

    def __init__(self, name: str) -> None:
        self.name, self.asked = name, list[int]()
        self.names = frozenset({"imu"})

    def run(self, **inputs: NDArray[Any]) -> list[Any]:
        return self.run_all([inputs])[0]

    def run_all(self, items: Sequence[Mapping[str, NDArray[Any]]]) -> list[list[Any]]:
        self.asked.append(len(items))
        return [[self.name, item["imu"][0, 0, 0]] for item in items]


def motion(number: float, rotation: float = 0.0) -> NDArray[np.float32]:
    """(1, 250, 6) that begins with `number`."""
    imu = np.full((1, 250, 6), number, np.float32)
    imu[..., 3:] = rotation
    return imu


def test_each_item_is_run_by_what_its_device_has_and_answered_in_its_place() -> None:
    whole, alone = Named("whole"), Named("alone")
    session = ByGyroscope("motions", whole, alone)
    items = [{"imu": motion(1, 0.1)}, {"imu": motion(2)}, {"imu": motion(3, 0.1)}]
    assert session.run_all(items) == [["whole", 1], ["alone", 2], ["whole", 3]]
    assert (whole.asked, alone.asked) == ([2], [1])
    assert session.run(imu=motion(4)) == ["alone", 4]
    assert session.run_all([]) == []


def test_what_rotation_makes_of_lanhars_channels_tells_a_gyroscope() -> None:
    imu = np.random.default_rng(0).normal(0, 1, (2, 120, 6)).astype(np.float32)
    imu[1, :, 3:] = 0
    rotated = ROTATION_OF["lanhar_sensor"]
    channels = [channels_and_measures(each[None])[0] for each in imu]
    assert [rotated({"channels": each}) for each in channels] == [True, False]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Untrained weights, and encoders for acceleration that differ in one tensor."""
    registry = fresh.registry(tmp_path)
    student = fresh.encoders()
    with torch.no_grad():
        student.shared_imu.mix.bias.add_(1.0)
    write_derived(registry, ENCODERS, student, tmp_path, fresh.GRAPHS)
    return tmp_path


def test_only_what_differs_is_written_and_only_windows_without_rotation_change(
    folder: Path,
) -> None:
    assert set(Registry(folder).weights(ENCODERS_ACCELERATION).tensors) == {"shared_imu.mix.bias"}
    items = [HarInput(mel=None, imu=motion(1, rotation)[0]) for rotation in (0.1, 0.0)]
    now = ActivityRecognizer(Registry(folder))
    (folder / "encoders_acceleration.safetensors").unlink()
    before = ActivityRecognizer(Registry(folder))
    same, other = zip(now.predict(items), before.predict(items), strict=True)
    assert same[0] == same[1]
    assert other[0] != other[1]
    # A record tells by which weights it was made.
    assert now.revision != before.revision


def test_weights_for_acceleration_of_other_encoders_are_refused(folder: Path) -> None:
    network = fresh.encoders()
    network.audio.events.reset_parameters()
    Registry(folder).save(key_of("encoders"), network)
    with pytest.raises(DamagedWeightsError, match=r"without_gyroscope.* remove that file"):
        Registry(folder).open(ENCODERS)


def test_weights_for_acceleration_of_another_size_are_refused_before_a_device_needs_them(
    folder: Path,
) -> None:
    path = folder / "encoders_acceleration.safetensors"
    config = json.loads(Registry(folder).weights(ENCODERS_ACCELERATION).config)
    bias = {"shared_imu.mix.bias": np.zeros(3, np.float32)}
    write_weights(ENCODERS_ACCELERATION, config, bias, path)
    with pytest.raises(DamagedWeightsError, match=r"bias' of shape \(3,\), expected shape"):
        Registry(folder).open(ENCODERS)


def test_the_shipped_weights_have_copies_for_acceleration() -> None:
    for key in (ENCODERS, LANHAR_SENSOR):
        opened = Registry().open(key)
        assert opened.acceleration
        assert opened.whole_revision != opened.revision


@pytest.mark.parametrize("precision", ["int8", "float32"])
def test_features_are_learned_from_by_what_records_call_their_encoders(
    precision: Precision,
) -> None:
    registry = Registry(precision=precision)
    opened = registry.open(ENCODERS)
    learned = registry.revisions(ENCODERS)
    assert learned == opened.revisions
    assert names_encoders(f"{'0' * 12}+{opened.recorded}+c123456", learned)
    # A record of before there were copies for acceleration.
    assert names_encoders(f"{'0' * 12}+{opened.revision}", learned)
    for other in (f"{'f' * 12}", f"{opened.acceleration}", ""):
        assert not names_encoders(f"{opened.whole_revision}+{other}", learned)
    assert not names_encoders(opened.whole_revision, learned)


def test_a_recognizer_takes_the_features_of_its_own_records() -> None:
    recognizer = ScenarioRecognizer(Registry(precision="int8"))
    assert names_encoders(recognizer.revision, recognizer.encoders_in_records)
