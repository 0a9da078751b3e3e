"""Running a graph with its weights by ONNX Runtime, deterministically on the calling thread.

One thread has one order of summation, and inputs are copied to aligned addresses, because alignment
changes that order as well. A session is stateless, so threads may share it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from models.serving.graph_file import GraphError
from models.serving.onnx_runtime import onnxruntime

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.serving.graph_file import GraphFile
    from models.serving.served import Served
    from models.serving.weights_file import StoredWeights, Tensors

_ALIGNMENT = 64
# ONNX Runtime's warnings concern developers of graphs.
_ERRORS_ONLY = 3


class NetworkSession(Protocol):
    """Runs one graph on arrays, by the names of its inputs; an item never depends on others."""

    @property
    def names(self) -> frozenset[str]:
        """The names of its inputs and outputs."""

    def run(self, **inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """Return all outputs of one item in order."""

    def run_all(self, items: Sequence[Mapping[str, NDArray[Any]]]) -> list[list[NDArray[Any]]]:
        """Return all outputs of each item."""


class BatchedSessions(Protocol):
    """Makes the sessions of networks that run elsewhere than on the CPU, many items together."""

    @property
    def suffix(self) -> str:
        """What follows the revisions of these networks in records."""

    def serves(self, key: Served) -> bool:
        """Return whether the network of `key` runs here; the others stay on the CPU."""

    def sessions(
        self, key: Served, weights: StoredWeights, file: Path
    ) -> dict[str, NetworkSession]:
        """Return a session for each graph of `key`, with the `weights` of a `file`."""


class GraphSession:
    """Runs one graph on arrays, by the names of its inputs."""

    def __init__(self, running: Any) -> None:
        self._running = running
        self._outputs = [output.name for output in running.get_outputs()]
        self._types = {one.name: np.dtype(_TYPES[one.type]) for one in running.get_inputs()}

    @classmethod
    def of(cls, graph: GraphFile, tensors: Tensors) -> Self:
        """Return a session of `graph`; raises `GraphError` if `tensors` do not fit."""
        check_tensors(graph, tensors)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = _ERRORS_ONLY
        values = [
            onnxruntime.OrtValue.ortvalue_from_numpy(_widen(tensors[name]))
            for name in graph.weights
        ]
        if values:
            # They are copied into the session, which refers to none of them.
            options.add_external_initializers(list(graph.weights), values)
        try:
            running = onnxruntime.InferenceSession(
                graph.model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise GraphError(str(error).splitlines()[0][:200]) from error
        return cls(running)

    @property
    def names(self) -> frozenset[str]:
        """The names of its inputs and outputs."""
        return frozenset((*self._types, *self._outputs))

    def run(self, **inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """Return all outputs of the graph in order.

        All are computed; a caller that needs only some uses a graph of its own.
        """
        given = {name: align(array, self._types[name]) for name, array in inputs.items()}
        found: list[NDArray[Any]] = self._running.run(self._outputs, given)
        return found

    def run_all(self, items: Sequence[Mapping[str, NDArray[Any]]]) -> list[list[NDArray[Any]]]:
        """Return all outputs of each item, run one by one: bits depend on the batch's size."""
        return [self.run(**item) for item in items]


def check_tensors(graph: GraphFile, tensors: Tensors) -> None:
    """Raise `GraphError` if a tensor of `graph` is missing."""
    for name in graph.weights:
        if name not in tensors:
            raise GraphError(f"tensor {name!r} is missing")


def align(array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return a contiguous copy as `dtype`, aligned to 64 bytes."""
    room = np.empty(array.size * dtype.itemsize + _ALIGNMENT, np.uint8)
    address: int = room.__array_interface__["data"][0]
    first = -address % _ALIGNMENT
    copy = room[first : first + array.size * dtype.itemsize].view(dtype).reshape(array.shape)
    copy[...] = array
    return copy


def _widen(tensor: NDArray[Any]) -> NDArray[Any]:
    """Widen float16 to float32."""
    return tensor.astype(np.float32) if tensor.dtype == np.float16 else tensor


_TYPES = {"tensor(float)": "float32", "tensor(bool)": "bool", "tensor(int64)": "int64"}
