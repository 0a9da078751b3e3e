"""Running graphs by torch on a GPU, many items together, in batches of one fixed size.

A kernel adds in an order that depends on its shapes and on nothing else, so the rows of one fixed
batch are bit-equal whatever the other rows are and wherever a row stands: what is missing from a
batch is padded, and a larger one is cut. Rows of another length make batches of their own. Against
ONNX Runtime's on a CPU results differ in their last bits.
"""

from __future__ import annotations

import os
from collections import OrderedDict, defaultdict
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np
import torch

from models.serving.captured import CapturedBatch
from models.serving.catalogue import key_of
from models.serving.graph_functions import GRAPH_FUNCTIONS
from models.serving.one_thread import pin_one_thread
from models.serving.registry import RegistryError, build_module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from models.serving.graph_functions import GraphFunction
    from models.serving.served import Served
    from models.serving.session import NetworkSession
    from models.serving.weights_file import StoredWeights

    Inputs = Mapping[str, NDArray[Any]]

BATCH = 64
"""Rows of every batch. Part of the equality rule: results of another size differ in last bits."""

# Shapes of a network whose kernels are kept recorded: numbers of scenarios and of seconds differ.
_CAPTURED = 32


class TorchSession:
    """Runs one graph's function on arrays, with the interface of `GraphSession`.

    An item's result depends on nothing but it, and threads may share a session: they take turns.
    """

    def __init__(
        self,
        function: GraphFunction,
        network: nn.Module,
        device: torch.device,
        batch: int,
        turn: Lock,
    ) -> None:
        self._function = function
        self._network = network
        self._device = device
        self._batch = batch
        self._turn = turn
        self._captured = OrderedDict[tuple[torch.Size, ...], CapturedBatch]()

    @property
    def names(self) -> frozenset[str]:
        """The names of its inputs and outputs."""
        return frozenset((*self._function.inputs, *self._function.outputs))

    def run(self, **inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """Return all outputs of one item in order."""
        return self.run_all([inputs])[0]

    def run_all(self, items: Sequence[Inputs]) -> list[list[NDArray[Any]]]:
        """Return all outputs of each item, whose inputs have one or more rows each."""
        alike = defaultdict[tuple[tuple[int, ...], ...], list[int]](list)
        for number, item in enumerate(items):
            alike[tuple(item[name].shape[1:] for name in self._function.inputs)].append(number)
        results: dict[int, list[NDArray[Any]]] = {}
        for numbers in alike.values():
            results.update(zip(numbers, self._together([items[n] for n in numbers]), strict=True))
        return [results[number] for number in range(len(items))]

    def _together(self, items: Sequence[Inputs]) -> Iterator[list[NDArray[Any]]]:
        """Yield the outputs of items whose rows have the same shapes."""
        first, *_ = self._function.inputs
        ends = np.cumsum([len(item[first]) for item in items])
        rows = [self._padded([item[name] for item in items]) for name in self._function.inputs]
        outputs = [
            np.concatenate(parts)
            for parts in zip(*self._run_batches(rows, int(ends[-1])), strict=True)
        ]
        for item, end in zip(items, ends.tolist(), strict=True):
            yield [output[end - len(item[first]) : end] for output in outputs]

    def _padded(self, parts: Sequence[NDArray[Any]]) -> Tensor:
        """Return all rows, then zeros up to a multiple of the batch's size."""
        count = sum(len(part) for part in parts)
        shape = (-(-count // self._batch) * self._batch, *parts[0].shape[1:])
        rows = np.zeros(shape, np.bool_ if parts[0].dtype == np.bool_ else np.float32)
        np.concatenate(parts, out=rows[:count], casting="same_kind")
        return torch.from_numpy(rows)

    def _run_batches(self, rows: Sequence[Tensor], count: int) -> list[list[NDArray[Any]]]:
        with self._turn, torch.inference_mode():
            run = self._of_shapes([each[: self._batch] for each in rows])
            return [
                [
                    output.cpu().numpy()
                    for output in run(*(each[begin : begin + self._batch] for each in rows))
                ]
                for begin in range(0, count, self._batch)
            ]

    def _of_shapes(self, example: Sequence[Tensor]) -> Callable[..., tuple[Tensor, ...]]:
        """Return what runs a batch of the shapes of `example`."""
        if self._device.type != "cuda":
            return self._call
        shapes = tuple(each.shape for each in example)
        captured = self._captured.pop(shapes, None)
        if captured is None:
            captured = CapturedBatch(self._call, example, self._device)
        self._captured[shapes] = captured
        if len(self._captured) > _CAPTURED:
            self._captured.popitem(last=False)
        return captured

    def _call(self, *given: Tensor) -> tuple[Tensor, ...]:
        outputs = self._function.call(self._network, *given)
        return outputs if isinstance(outputs, tuple) else (outputs,)


class TorchSessions:
    """Makes the sessions of one torch `device`."""

    def __init__(self, device: str, batch: int = BATCH) -> None:
        pin_one_thread()
        self._device = torch.device(device)
        self._batch = batch
        # Sessions take turns, because a recorded batch overwrites the outputs of the one before.
        self._turn = Lock()
        # Shared by everyone who opens the same network, as long as it is in use.
        self._sessions = WeakValueDictionary[tuple[str, str], TorchSession]()

    @property
    def suffix(self) -> str:
        """What follows the revisions of these networks in records."""
        return self._device.type

    @staticmethod
    def serves(key: Served) -> bool:
        """Return whether the network of `key` runs here; the others stay on the CPU."""
        return bool(key.graphs) and all(name in GRAPH_FUNCTIONS for name in key.graphs)

    def sessions(
        self, key: Served, weights: StoredWeights, file: Path
    ) -> dict[str, NetworkSession]:
        """Return a session for each graph of `key`, with the `weights` of a `file`.

        Raises `RegistryError` if they do not fit.
        """
        known = {name: self._sessions.get((name, weights.sha256)) for name in key.graphs}
        loaded = {name: each for name, each in known.items() if each is not None}
        if len(loaded) == len(known):
            return {**loaded}
        network = build_module(key_of(key.name), file, weights).to(self._device)
        made = {
            name: TorchSession(
                GRAPH_FUNCTIONS[name], network, self._device, self._batch, self._turn
            )
            for name in key.graphs
        }
        for name, session in made.items():
            self._sessions[name, weights.sha256] = session
        return {**made}


def open_cuda(batch: int = BATCH) -> TorchSessions:
    """Return the sessions of the first CUDA device, with kernels whose results are reproducible.

    Raises `RegistryError`, one line, if there is none.
    """
    # Read when the device is first used.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    if not torch.cuda.is_available():
        raise RegistryError(
            f"device is 'cuda', and torch {torch.__version__} finds no CUDA device; "
            "expected a GPU with its driver, or EGOLOG_DEVICE=cpu"
        )
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    # Attention by plain products, whose kernels do not depend on masks.
    torch.backends.mha.set_fastpath_enabled(False)
    torch.backends.cuda.enable_flash_sdp(False)
    torch.backends.cuda.enable_mem_efficient_sdp(False)
    torch.backends.cuda.enable_cudnn_sdp(False)
    return TorchSessions("cuda", batch)
