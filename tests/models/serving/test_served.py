"""What is served is what was trained, whatever the weights are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from models.egolog.familiarity import FAMILIARITY
from models.egolog.out_of_distribution import FamiliarActivityMotion
from models.lanhar.text_encoder import LANHAR_TEXT
from models.research.graphs import graphs
from models.serving import served
from models.serving.catalogue import key_of
from models.serving.open_vocabulary import ServedSensorEncoder, ServedTextEncoder
from models.serving.registry import Registry
from tests.models import fresh
from tests.models.research.lanhar.motion import steps

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

GRAPHS = graphs()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return fresh.registry(tmp_path_factory.mktemp("weights"))


def of_shape(name: str, like: Tensor, shape: tuple[int, ...]) -> NDArray[np.generic]:
    """Values as the network sees them, by the name of the input."""
    rng = np.random.default_rng(len(name))
    if like.dtype == torch.bool:
        return rng.random(shape) < 0.7
    if not like.dtype.is_floating_point:
        return rng.integers(0, 4_000, shape)
    values = rng.normal(0, 1, shape).astype(np.float32)
    return np.abs(8 * values) if name in ("mel", "maps") else values


# The axes of each graph's inputs that may have any length, in two lengths.
LENGTHS: dict[str, list[dict[str, tuple[int, ...]]]] = {
    "sounds": [{"mel": (1, 250, 64)}, {"mel": (6, 250, 64)}, {"mel": (1, 50, 64)}],
    "seconds": [{"mel": (1, 50, 64)}],
    "heard": [
        {"seconds": (1, 5, 2, 512)},
        {"seconds": (1, 1, 2, 512)},
        {"seconds": (5, 1, 2, 512)},
    ],
    "motions": [{"imu": (1, 250, 6)}, {"imu": (6, 250, 6)}, {"imu": (2, 50, 6)}],
    "motion_features": [{"imu": (1, 250, 6)}, {"imu": (1, 50, 6)}, {"imu": (1, 512, 6)}],
    "scenario": [{"rows": (1, 5, 644)}],
    "har": [
        {"text": (1, 1, 384), "text_mask": (1, 1)},
        {"audio_seconds": (1, 1, 256), "imu_seconds": (1, 1, 128)},
    ],
    "lanhar_sensor": [{"channels": (1, 7, 60)}, {"channels": (1, 7, 150)}],
    "lanhar_text": [{"prepared": (1, 30, 2)}],
}
CASES = [(name, shapes) for name in GRAPHS for shapes in ({}, *LENGTHS.get(name, []))]


@pytest.mark.parametrize(("name", "shapes"), CASES)
def test_a_graph_computes_what_its_network_does(
    registry: Registry, name: str, shapes: dict[str, tuple[int, ...]]
) -> None:
    graph = GRAPHS[name]
    (serving,) = (each for each in served.ALL if each.name == graph.key.name)
    inputs = {
        part: of_shape(part, like, shapes.get(part, tuple(like.shape)))
        for part, like in graph.example.items()
    }
    with torch.inference_mode():
        network = graph.module(registry.load(graph.key).module)
        wanted = network(*(torch.from_numpy(values) for values in inputs.values()))
    given = registry.open(serving).sessions[name].run(**inputs)
    for want, have in zip(wanted if isinstance(wanted, tuple) else (wanted,), given, strict=True):
        assert np.isfinite(have).all()
        np.testing.assert_allclose(have, want.numpy(), atol=1e-4, rtol=1e-4)


def test_localization_without_motion_is_the_networks(registry: Registry) -> None:
    network = registry.load(GRAPHS["localization"].key).module
    maps = of_shape("maps", torch.zeros(0), (1, 3, 50, 64))
    with torch.inference_mode():
        want = network.regions(torch.from_numpy(maps), None).numpy()
    have, _ = (
        registry.open(served.LOCALIZATION)
        .sessions["localization"]
        .run(maps=maps, imu=np.zeros((1, 6, 50)), has_imu=np.array([False]))
    )
    np.testing.assert_allclose(have, want, atol=1e-4)


def test_what_is_served_has_the_labels_that_it_was_trained_for() -> None:
    for each in served.ALL:
        assert each.labels == key_of(each.name).labels, each.name


def test_every_graph_is_served_and_every_served_network_is_shipped() -> None:
    assert {graph for each in served.ALL for graph in each.graphs} == set(GRAPHS)
    for each in served.ALL:
        assert Registry().open(each).revision == Registry().load(key_of(each.name)).revision


@pytest.mark.parametrize("posture", [None, 0.3])
@pytest.mark.parametrize("rows", [60, 100, 120, 150])
def test_motion_is_read_as_by_the_sensor_encoder(posture: float | None, rows: int) -> None:
    network = Registry().load(GRAPHS["lanhar_sensor"].key).module
    serving = ServedSensorEncoder(Registry().open(served.LANHAR_SENSOR).sessions["lanhar_sensor"])
    imu = np.resize(steps(np.random.default_rng(0), 1.8, 2.0), (rows, 6)).astype(np.float32)
    np.testing.assert_allclose(serving(imu, posture), network.reading(imu, posture), atol=1e-4)


def test_texts_are_encoded_as_by_the_text_encoder() -> None:
    network = Registry().load(LANHAR_TEXT).module
    texts = ["the arm swings with every step", "", "still"]
    serving = ServedTextEncoder(Registry().open(served.LANHAR_TEXT))
    np.testing.assert_allclose(serving.encode(texts), network.encode(texts).numpy(), atol=1e-4)


def test_familiarity_is_the_networks() -> None:
    network = Registry().load(FAMILIARITY).module
    known = FamiliarActivityMotion.of(Registry().weights(served.FAMILIARITY).tensors)
    features = np.random.default_rng(0).normal(0, 2, (4, 128)).astype(np.float32)
    want, moving = (
        float(reference.together(torch.from_numpy(features)))
        for reference in (network, network.locomotion)
    )
    assert want != pytest.approx(moving, rel=0.1)
    assert known.familiarity(features, "sitting") == pytest.approx(want, abs=1e-4)
    assert known.familiarity(features, "walking") == pytest.approx(max(want, moving), abs=1e-4)
    assert known.least_probability == float(network.least_probability)
    assert known.least_by_motion == float(network.least_by_motion)
