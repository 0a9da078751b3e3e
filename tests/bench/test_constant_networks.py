from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np

from bench.apps.constant_networks import NETWORKS, constant, make_constant
from bench.without_stream.networks import Networks
from infra.settings import load
from models.serving.predict import LocalizerInput

if TYPE_CHECKING:
    import pytest


def test_a_constant_network_runs_once_and_answers_every_item() -> None:
    calls = []

    def predict(self: object, items: list[int]) -> list[int]:
        calls.append(items)
        return [10 * item for item in items]

    answer = constant(predict)
    assert answer(None, [1, 2, 3]) == [10, 10, 10]
    assert answer(None, [4]) == [10]
    assert calls == [[1]]


def test_every_network_of_a_worker_is_made_constant(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, method in NETWORKS:
        network = getattr(import_module(module), name)
        monkeypatch.setattr(network, method, getattr(network, method))
    networks, random = Networks(load(None)), np.random.default_rng(1)
    make_constant()
    first, second = (
        networks.localize(LocalizerInput(random.random((3, 50, 64)).astype(np.float16)))
        for _ in range(2)
    )
    assert first == second
    for module, name, method in NETWORKS:
        assert hasattr(getattr(getattr(import_module(module), name), method), "__wrapped__")
