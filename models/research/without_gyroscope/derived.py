"""Weights that hold what differs from those that they were made of."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from torch import nn

from models.serving.graph_file import GRAPHS_DIR, MADE_OF, GraphFile
from models.serving.registry import Registry
from models.serving.weights_file import as_half, write_weights

if TYPE_CHECKING:
    from pathlib import Path

    from models.serving.served import Served
    from models.serving.weights_file import StoredWeights

M = TypeVar("M", bound=nn.Module)


def write_derived(
    registry: Registry, served: Served, student: nn.Module, out: Path, graphs: Path = GRAPHS_DIR
) -> StoredWeights:
    """Write the tensors of `student` in which its `graphs` differ from the weights of `served`.

    Raises `ValueError` if `served` has no weights for acceleration.
    """
    if served.acceleration is None:
        raise ValueError(f"weights {served.name!r} have no copy for acceleration; expected one")
    weights = registry.weights(served)
    needed = {
        name
        for graph in served.acceleration.graphs
        for name in GraphFile.read(graphs, graph).weights
    }
    state = {name: value.numpy() for name, value in student.state_dict().items() if name in needed}
    halved = {name: as_half(name, value) for name, value in state.items()}
    differing = {
        name: value
        for name, value in halved.items()
        if not np.array_equal(value, weights.tensors[name].astype(value.dtype))
    }
    config = {**json.loads(weights.config), MADE_OF: weights.sha256}
    return write_weights(
        served.acceleration, config, differing, Registry(out).path(served.acceleration)
    )


def for_acceleration(registry: Registry, served: Served, network: M, part: str) -> M:
    """Return a copy of `network`, the `part` of `served`, for acceleration where there are weights.

    `part` is the first part of the names of its tensors, such as "imu".
    """
    if served.acceleration is None or not registry.path(served.acceleration).is_file():
        return network
    own = {
        name.removeprefix(f"{part}."): torch.from_numpy(value).float()
        for name, value in registry.weights(served.acceleration).tensors.items()
        if name.startswith(f"{part}.")
    }
    made = copy.deepcopy(network)
    made.load_state_dict(own, strict=False)
    return made.eval()
