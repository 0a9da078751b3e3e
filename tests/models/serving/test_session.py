"""Rules of `models.serving.session`."""

from __future__ import annotations

import numpy as np
import pytest

from models.serving.graph_file import GRAPHS_DIR, GraphError, GraphFile
from models.serving.registry import Registry
from models.serving.served import ENCODERS, ENCODERS_INT8, HAR, Served
from models.serving.session import GraphSession, align


def test_a_copy_lies_at_a_multiple_of_64_wherever_the_array_does() -> None:
    for shift in range(0, 64, 4):
        room = np.arange(1_064, dtype=np.uint8).view(np.uint8)
        array = room[shift : shift + 1_000].reshape(10, 100)[:, ::2]
        copy = align(array, np.dtype(np.float32))
        assert copy.ctypes.data % 64 == 0
        assert copy.flags.c_contiguous
        assert np.array_equal(copy, array)


def test_weights_of_another_shape_and_missing_ones_are_named() -> None:
    graph, tensors = GraphFile.read(GRAPHS_DIR, "har"), dict(Registry().weights(HAR).tensors)
    tensors["out.bias"] = np.zeros(3, np.float32)
    with pytest.raises(GraphError, match="dimensions do not match"):
        GraphSession.of(graph, tensors)
    del tensors["out.bias"]
    with pytest.raises(GraphError, match=r"'out\.bias' is missing"):
        GraphSession.of(graph, tensors)


def test_motion_features_alone_are_those_of_the_whole_graph() -> None:
    sessions = Registry().open(ENCODERS).sessions
    imu = np.random.default_rng(0).normal(0, 1, (1, 250, 6))
    features, *_ = sessions["motions"].run(imu=imu)
    alone, seconds = sessions["motion_features"].run(imu=imu)
    assert np.array_equal(alone, features)
    assert seconds.shape == (1, 5, features.shape[1])


def test_a_graph_that_is_no_graph_is_an_error() -> None:
    with pytest.raises(GraphError):
        GraphSession.of(GraphFile(b"no graph", (), {}), {})


@pytest.mark.parametrize(
    ("key", "name", "given"),
    [(ENCODERS, "motion_features", (1, 250, 6)), (ENCODERS_INT8, "sounds_int8", (1, 100, 64))],
)
def test_a_session_no_longer_reads_the_arrays_of_its_weights(
    key: Served, name: str, given: tuple[int, ...]
) -> None:
    graph, weights = GraphFile.read(GRAPHS_DIR, name), Registry().weights(ENCODERS).tensors
    if key is not ENCODERS:
        weights = {**weights, **Registry().weights(key).tensors}
    tensors = {each: weights[each].copy() for each in graph.weights}
    for each, values in tensors.items():
        if values.dtype == np.float16:
            tensors[each] = values.astype(np.float32)
    session = GraphSession.of(graph, tensors)
    [at] = session.names & {"imu", "mel"}
    inputs = {at: np.random.default_rng(0).normal(0, 1, given)}
    before = session.run(**inputs)
    for values in tensors.values():
        values.fill(0)
    assert all(np.array_equal(a, b) for a, b in zip(before, session.run(**inputs), strict=True))
