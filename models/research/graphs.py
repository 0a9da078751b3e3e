"""The graphs that serve: each network as ONNX, without its weights.

A graph says what is computed, and its weights file with which numbers: a revision that was
fine-tuned is served by the same graph. It is made again where a network or its sizes changed:

    python -m models.research.graphs [--weights DIR] [--out DIR] [GRAPH ...]
"""

from __future__ import annotations

import argparse
import sys
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from torch.export import Dim

from models.egolog.contrastive import ENCODERS, Encoders
from models.egolog.har import HAR, Har
from models.egolog.localization import (
    LOCALIZATION,
    LOCALIZATION_GLASSES,
    LOCALIZATION_MONO,
    Localization,
)
from models.egolog.near_field import NEAR_FIELD, NearField
from models.egolog.scenario import SCENARIO, ScenarioNet, Segments
from models.lanhar.rotation_invariant import CHANNELS, MEASURES
from models.lanhar.sensor_encoder import LANHAR_SENSOR, SensorEncoder
from models.lanhar.text_encoder import LANHAR_TEXT, WordEncoder
from models.research import flat_localization
from models.serving.graph_file import GRAPHS_DIR, GraphFile, served_config
from models.serving.registry import WEIGHTS_DIR, Registry
from schemas.extras import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from models.network.key import Key

OPSET = 20
_ROOT = "network."
_FRAMES = 50


@dataclass(frozen=True)
class Graph:
    """One graph of the network of `key`: `call` with `example` inputs, by name, gives `outputs`.

    `dynamic` are the axes of an input that may have any length in a range.
    """

    key: Key[Any]
    call: Callable[..., Tensor | tuple[Tensor, ...]]
    example: Mapping[str, Tensor]
    outputs: tuple[str, ...]
    dynamic: Mapping[str, dict[int, Any]]

    def module(self, network: nn.Module) -> nn.Module:
        """Return what is exported: `call` on `network`, whose inputs are those of `example`."""
        return _Call(network, self.call).eval()


class _Call(nn.Module):
    def __init__(self, network: nn.Module, call: Callable[..., Any]) -> None:
        super().__init__()
        self.network = network
        self.call = call

    def forward(self, *inputs: Tensor) -> Any:
        return self.call(self.network, *inputs)


def _share(network: NearField, maps: Tensor) -> Tensor:
    return network.share(maps)


def _sounds(network: Encoders, mel: Tensor) -> Tensor:
    logits: Tensor = network.audio(mel).logits
    return logits


def _seconds(network: Encoders, mel: Tensor) -> Tensor:
    return network.shared_audio.seconds(network.audio.low(mel))


def _heard(network: Encoders, seconds: Tensor) -> tuple[Tensor, ...]:
    features = network.heard(seconds)
    return features, network.space.of_audio(features)


def _motions(network: Encoders, imu: Tensor) -> tuple[Tensor, ...]:
    encoded = network.encode_imu(imu)
    return encoded.features, encoded.embedding, encoded.logits


def _motion_features(network: Encoders, imu: Tensor) -> tuple[Tensor, ...]:
    return network.imu_by_second(imu)


def _rows(network: ScenarioNet, *segments: Tensor) -> tuple[Tensor, ...]:
    return network.join(Segments(*segments))


def _scenarios(network: ScenarioNet, rows: Tensor) -> Tensor:
    logits: Tensor = network(rows)
    return logits


def _activities(network: Har, *inputs: Tensor) -> Tensor:
    logits: Tensor = network(*inputs)
    return logits


def _reading(network: SensorEncoder, channels: Tensor, measures: Tensor, posture: Tensor) -> Tensor:
    return network.embed(network.standardised(channels, measures, posture))


def _texts(network: WordEncoder, prepared: Tensor) -> Tensor:
    return network.embed(prepared)


def _localization(key: Key[Localization], maps: int) -> Graph:
    example = {
        "maps": torch.rand(1, maps, _FRAMES, 64),
        "imu": torch.rand(1, 6, _FRAMES),
        "has_imu": torch.ones(1, dtype=torch.bool),
    }
    return Graph(key, flat_localization.regions, example, ("regions",), {})


def _segments(count: int) -> dict[str, Tensor]:
    # One tensor for both masks would become one input.
    return {
        "audio_features": torch.rand(1, count, 256),
        "audio_embedding": torch.rand(1, count, 128),
        "audio_mask": torch.ones(1, count, dtype=torch.bool),
        "imu_features": torch.rand(1, count, 128),
        "imu_embedding": torch.rand(1, count, 128),
        "imu_mask": torch.ones(1, count, dtype=torch.bool),
    }


def graphs() -> dict[str, Graph]:
    """Return every graph that serves, by the name of its file."""
    segments = {1: Dim("segments", min=2, max=64)}
    stretches, steps = Dim("stretches", min=1, max=64), Dim("steps", min=50, max=3_000)
    rows = Dim("rows", min=50, max=1_000)
    scenarios = {1: Dim("scenarios", min=1, max=16)}
    seconds = {1: Dim("seconds", min=1, max=64)}
    return {
        "localization_mono": _localization(LOCALIZATION_MONO, 1),
        "localization": _localization(LOCALIZATION, 3),
        "localization_four": _localization(LOCALIZATION_GLASSES, 10),
        "near_field": Graph(
            NEAR_FIELD,
            _share,
            {"maps": torch.rand(1, 3, _FRAMES, 64)},
            ("share",),
            {},
        ),
        "sounds": Graph(
            ENCODERS,
            _sounds,
            {"mel": torch.rand(11, 100, 64)},
            ("logits",),
            {"mel": {0: stretches, 1: steps}},
        ),
        "seconds": Graph(
            ENCODERS,
            _seconds,
            {"mel": torch.rand(5, 50, 64)},
            ("seconds",),
            {"mel": {0: stretches}},
        ),
        "heard": Graph(
            ENCODERS,
            _heard,
            {"seconds": torch.rand(15, 2, 2, 512)},
            ("features", "embedding"),
            {"seconds": {0: stretches, 1: Dim("seconds", min=1, max=64)}},
        ),
        "motions": Graph(
            ENCODERS,
            _motions,
            {"imu": torch.rand(15, 100, 6)},
            ("features", "embedding", "logits"),
            {"imu": {0: stretches, 1: rows}},
        ),
        "motion_features": Graph(
            ENCODERS,
            _motion_features,
            {"imu": torch.rand(15, 100, 6)},
            ("features", "seconds"),
            {"imu": {0: stretches, 1: rows}},
        ),
        "scenario_rows": Graph(
            SCENARIO,
            _rows,
            _segments(15),
            ("rows", "weights"),
            dict.fromkeys(_segments(1), segments),
        ),
        "scenario": Graph(
            SCENARIO,
            _scenarios,
            {"rows": torch.rand(1, 15, 644)},
            ("logits",),
            {"rows": segments},
        ),
        "har": Graph(
            HAR,
            _activities,
            {
                "audio": torch.rand(1, 256),
                "audio_mask": torch.ones(1, dtype=torch.bool),
                "imu": torch.rand(1, 128),
                "imu_mask": torch.ones(1, dtype=torch.bool),
                "text": torch.rand(1, 3, 384),
                "text_mask": torch.ones(1, 3, dtype=torch.bool),
                "audio_seconds": torch.rand(1, 5, 256),
                "imu_seconds": torch.rand(1, 5, 128),
            },
            ("logits",),
            {
                "text": scenarios,
                "text_mask": scenarios,
                "audio_seconds": seconds,
                "imu_seconds": seconds,
            },
        ),
        "lanhar_sensor": Graph(
            LANHAR_SENSOR,
            _reading,
            {
                "channels": torch.rand(1, CHANNELS, 100),
                "measures": torch.rand(1, len(MEASURES)),
                "posture": torch.rand(1, 2),
            },
            ("vector",),
            {"channels": {2: Dim("rows", min=60, max=3_000)}},
        ),
        "lanhar_text": Graph(
            LANHAR_TEXT,
            _texts,
            {"prepared": torch.ones(3, 7, 2, dtype=torch.int64)},
            ("vectors",),
            {"prepared": {0: Dim("texts", min=1, max=4_096), 1: Dim("words", min=1, max=160)}},
        ),
    }


def export(graph: Graph, network: nn.Module) -> GraphFile:
    """Return the graph of `network`, its weights left out."""
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
        raise RuntimeError("torch.onnx gave no program")
    model, weights = _without_weights(program.model_proto, network)
    return GraphFile(
        model.SerializeToString(deterministic=True),
        weights,
        served_config(asdict(cast("Any", network.config))),
    )


def _without_weights(model: Any, network: nn.Module) -> tuple[Any, tuple[str, ...]]:
    """Return the graph simplified, and the names of what it lacks, those of a weights file.

    What is known without the weights is computed now. They are inputs meanwhile, so that nothing
    made of them becomes part of the graph.
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
    for given in [one for one in graph.input if one.name in named]:
        graph.input.remove(given)
        if given.name in used:
            kept = graph.initializer.add()
            kept.CopyFrom(named[given.name])
            weights.append(kept.name.removeprefix(_ROOT))
    without_numbers(model, {name: name.removeprefix(_ROOT) for name in named})
    return model, tuple(weights)


def without_numbers(model: Any, names: Mapping[str, str]) -> None:
    """Rename the initializers in `names` and leave their numbers out, and what a machine notes."""
    with needs("onnx", "graphs need"):
        from onnx import TensorProto

    graph = model.graph
    for at, given in enumerate(graph.initializer):
        if given.name in names:
            lacking = TensorProto(
                name=names[given.name],
                data_type=given.data_type,
                dims=given.dims,
                data_location=TensorProto.EXTERNAL,
            )
            place = lacking.external_data.add()
            place.key, place.value = "location", "weights"
            graph.initializer[at].CopyFrom(lacking)
    for node in graph.node:
        for at, name in enumerate(node.input):
            node.input[at] = names.get(name, name)
    _strip(model)


def _strip(model: Any) -> None:
    """Drop what the exporter notes for people: where in which file on this machine a node is."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    graph.ClearField("value_info")


def main(arguments: list[str] | None = None) -> int:
    """Write graphs; 2 for a name that is none."""
    parser = argparse.ArgumentParser(prog="python -m models.research.graphs", description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIR)
    parser.add_argument("--out", type=Path, default=GRAPHS_DIR)
    parser.add_argument("names", nargs="*", metavar="GRAPH", help="all unless named")
    options = parser.parse_args(arguments)
    every, registry = graphs(), Registry(options.weights)
    for name in options.names or every:
        if name not in every:
            parser.error(f"graph {name!r} is unknown; expected {', '.join(every)}")
        made = export(every[name], registry.load(every[name].key).module)
        made.write(options.out, name)
        print(f"{name}: {len(made.model)} bytes, {len(made.weights)} weights", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
