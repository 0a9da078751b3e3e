"""Exports a network to ONNX without its weights."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from models.serving.graph_file import GraphFile, served_config
from schemas.extras import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from models.network.key import Key

OPSET = 20
_ROOT = "network."


@dataclass(frozen=True)
class Graph:
    """One graph of the network of `key`: `call` maps the inputs in `example` to `outputs`.

    `dynamic` names the axes of an input whose length may vary within a range.
    """

    key: Key[Any]
    call: Callable[..., Tensor | tuple[Tensor, ...]]
    example: Mapping[str, Tensor]
    outputs: tuple[str, ...]
    dynamic: Mapping[str, dict[int, Any]]

    def module(self, network: nn.Module) -> nn.Module:
        """Return a module that applies `call` to `network` and the inputs in `example`."""
        return _Call(network, self.call).eval()


class _Call(nn.Module):
    def __init__(self, network: nn.Module, call: Callable[..., Any]) -> None:
        super().__init__()
        self.network = network
        self.call = call

    def forward(self, *inputs: Tensor) -> Any:
        return self.call(self.network, *inputs)


def export(graph: Graph, network: nn.Module) -> GraphFile:
    """Return the graph of `network` without its weights."""
    names = list(graph.example)
    shapes = tuple(graph.dynamic.get(name) for name in names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            graph.module(network),
            tuple(graph.example.values()),
            dynamo=True,
            opset_version=OPSET,
            input_names=names,
            output_names=list(graph.outputs),
            dynamic_shapes={"inputs": shapes} if graph.dynamic else None,
            optimize=False,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx exported no program")
    model, weights = _without_weights(program.model_proto, network)
    return GraphFile(
        model.SerializeToString(deterministic=True),
        weights,
        served_config(asdict(cast("Any", network.config))),
    )


def _without_weights(model: Any, network: nn.Module) -> tuple[Any, tuple[str, ...]]:
    """Return the optimized graph, and the names of the weights that it reads from a file.

    Constants are folded now. Meanwhile the weights are inputs of the graph, so that nothing
    computed from them is folded too.
    """
    with needs("onnx", "graphs need"):
        from onnx import helper
    with needs("onnxscript", "graphs need"):
        from onnxscript import optimizer

    state = network.state_dict()
    graph = model.graph
    named = {one.name: one for one in graph.initializer if one.name.removeprefix(_ROOT) in state}
    for initializer in named.values():
        graph.input.append(
            helper.make_tensor_value_info(initializer.name, initializer.data_type, initializer.dims)
        )
        graph.initializer.remove(initializer)
    model = optimizer.optimize(model)
    graph = model.graph
    used = {name for node in graph.node for name in node.input}
    weights = []
    for weight in [one for one in graph.input if one.name in named]:
        graph.input.remove(weight)
        if weight.name in used:
            graph.initializer.add().CopyFrom(named[weight.name])
            weights.append(weight.name.removeprefix(_ROOT))
    without_numbers(model, {name: name.removeprefix(_ROOT) for name in named})
    return model, tuple(weights)


def without_numbers(model: Any, names: Mapping[str, str]) -> None:
    """Rename the initializers in `names`, drop their values, and strip all debug information."""
    with needs("onnx", "graphs need"):
        from onnx import TensorProto

    graph = model.graph
    for at, initializer in enumerate(graph.initializer):
        if initializer.name in names:
            external = TensorProto(
                name=names[initializer.name],
                data_type=initializer.data_type,
                dims=initializer.dims,
                data_location=TensorProto.EXTERNAL,
            )
            location = external.external_data.add()
            location.key, location.value = "location", "weights"
            graph.initializer[at].CopyFrom(external)
    for node in graph.node:
        for at, name in enumerate(node.input):
            node.input[at] = names.get(name, name)
    _strip(model)


def _strip(model: Any) -> None:
    """Drop the exporter's debug information, which names files of this machine."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    graph.ClearField("value_info")
