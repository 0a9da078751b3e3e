from __future__ import annotations

import gc
import json
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from models.serving import registry as registry_module
from models.serving.graph_file import GRAPHS_DIR, GraphFile
from models.serving.late_session import LateSession
from models.serving.predict import LocalizerInput, SoundLocalizer
from models.serving.registry import DamagedWeightsError, Registry
from models.serving.served import ENCODERS, ENCODERS_ACCELERATION, LOCALIZATION_MONO
from models.serving.weights_file import write_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Echo:
    """A session that answers with its inputs."""

    names = frozenset({"imu"})

    def run(self, **inputs: Any) -> list[Any]:
        return [inputs]

    def run_all(self, items: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        return [[dict(item)] for item in items]


def test_it_opens_once_whichever_thread_is_first() -> None:
    opened: list[Echo] = []

    def opening() -> Echo:
        opened.append(Echo())
        return opened[-1]

    session = LateSession(opening)
    assert session.run_all([]) == []
    assert not opened
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: session.run(imu=n), range(8)))
    assert answers == [[{"imu": n}] for n in range(8)]
    item: dict[str, Any] = {"imu": 1}
    assert session.run_all([item]) == [[item]]
    assert session.names == {"imu"}
    assert len(opened) == 1


@pytest.fixture
def graphs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The graphs that were opened."""
    graphs: list[str] = []
    session = Registry._session

    def note(self: Registry, name: str, *given: Any) -> Any:
        graphs.append(name)
        return session(self, name, *given)

    monkeypatch.setattr(Registry, "_session", note)
    return graphs


def test_a_worker_whose_devices_turn_opens_nothing_for_acceleration(graphs: list[str]) -> None:
    opened = Registry(precision="float32").open(ENCODERS)
    assert opened.acceleration
    assert sorted(graphs) == sorted(ENCODERS.graphs)


def test_only_the_network_of_the_microphones_that_are_heard_opens(graphs: list[str]) -> None:
    localizer = SoundLocalizer(Registry())
    assert graphs == ["localization"]
    silence = LocalizerInput(np.zeros((1, 50, 64), np.float16))
    first = localizer.predict([silence])
    assert localizer.predict([silence]) == first
    assert graphs == ["localization", "localization_mono"]


def test_only_what_late_sessions_may_need_stays_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    read, seen = registry_module.read_weights, dict[str, weakref.ref[Any]]()

    def watch(*given: Any) -> Any:
        weights = read(*given)
        seen.update((name, weakref.ref(tensor)) for name, tensor in weights.tensors.items())
        return weights

    monkeypatch.setattr(registry_module, "read_weights", watch)
    opened = Registry().open(ENCODERS)
    gc.collect()
    kept = {name for name, tensor in seen.items() if tensor() is not None}
    graphs = (GraphFile.read(GRAPHS_DIR, name) for name in ENCODERS_ACCELERATION.graphs)
    assert opened.acceleration
    assert kept == {name for graph in graphs for name in graph.weights} < set(seen)


def test_late_weights_that_lack_a_tensor_are_refused_at_once(tmp_path: Path) -> None:
    shipped = Registry().weights(LOCALIZATION_MONO)
    tensors = {**shipped.tensors}
    lost = next(iter(GraphFile.read(GRAPHS_DIR, "localization_mono").weights))
    del tensors[lost]
    path = tmp_path / "localization_mono.safetensors"
    write_weights(LOCALIZATION_MONO, json.loads(shipped.config), tensors, path)
    with pytest.raises(DamagedWeightsError, match=f"tensor '{lost}' is missing"):
        Registry(tmp_path).open(LOCALIZATION_MONO)
