"""The graphs that serve: each network as ONNX, without its weights.

A graph says what is computed, its weights file with which numbers, so fine-tuned revisions are
served by the same graph. Export graphs again after changing a network or its sizes:

    python -m models.research.graphs [--weights DIR] [--out DIR] [GRAPH ...]
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.export import Dim

from models.egolog.contrastive import ENCODERS
from models.egolog.har import HAR
from models.egolog.localization import (
    LOCALIZATION,
    LOCALIZATION_GLASSES,
    LOCALIZATION_MONO,
)
from models.egolog.near_field import NEAR_FIELD
from models.egolog.scenario import SCENARIO
from models.lanhar.rotation_invariant import CHANNELS, MEASURES
from models.lanhar.sensor_encoder import LANHAR_SENSOR
from models.lanhar.text_encoder import LANHAR_TEXT, WordEncoder
from models.research.graph_export import Graph, export
from models.research.lib.error_lines import one_line_errors
from models.research.lib.weights_folder import weights_folder
from models.research.served_localization.network import regions, regions_and_heat
from models.serving.graph_file import GRAPHS_DIR
from models.serving.graph_functions import GRAPH_FUNCTIONS
from models.serving.registry import WEIGHTS_DIR, Registry
from schemas.output_path import output_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.egolog.localization import Localization
    from models.network.key import Key

_FRAMES = 50


def _graph(
    name: str,
    key: Key[Any],
    example: Mapping[str, Tensor],
    dynamic: Mapping[str, dict[int, Any]] | None = None,
) -> Graph:
    function = GRAPH_FUNCTIONS[name]
    return Graph(key, function.call, example, function.outputs, dynamic or {})


def _texts(network: WordEncoder, prepared: Tensor) -> Tensor:
    return network.embed(prepared)


def _localization(key: Key[Localization], maps: int, *, heat: bool = False) -> Graph:
    example = {
        "maps": torch.rand(1, maps, _FRAMES, 64),
        "imu": torch.rand(1, 6, _FRAMES),
        "has_imu": torch.ones(1, dtype=torch.bool),
    }
    if heat:
        return Graph(key, regions_and_heat, example, ("regions", "heat"), {})
    return Graph(key, regions, example, ("regions",), {})


def _segments(count: int) -> dict[str, Tensor]:
    # Two mask tensors: a shared one would become a single input.
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
    return {
        **_localization_graphs(),
        **_encoder_graphs(),
        **_scenario_graphs(),
        "har": _har_graph(),
        **_lanhar_graphs(),
    }


def _localization_graphs() -> dict[str, Graph]:
    maps = {"maps": torch.rand(1, 3, _FRAMES, 64)}
    return {
        "localization_mono": _localization(LOCALIZATION_MONO, 1),
        "localization": _localization(LOCALIZATION, 3, heat=True),
        "localization_four": _localization(LOCALIZATION_GLASSES, 10),
        "near_field": _graph("near_field", NEAR_FIELD, maps),
    }


def _encoder_graphs() -> dict[str, Graph]:
    stretches = Dim("stretches", min=1, max=64)
    steps = Dim("steps", min=50, max=3_000)
    rows = Dim("rows", min=50, max=1_000)
    seconds = Dim("seconds", min=1, max=64)
    imu = {"imu": torch.rand(15, 100, 6)}
    imu_axes = {"imu": {0: stretches, 1: rows}}
    return {
        "sounds": _graph(
            "sounds",
            ENCODERS,
            {"mel": torch.rand(11, 100, 64)},
            {"mel": {0: stretches, 1: steps}},
        ),
        "seconds": _graph(
            "seconds", ENCODERS, {"mel": torch.rand(5, 50, 64)}, {"mel": {0: stretches}}
        ),
        "heard": _graph(
            "heard",
            ENCODERS,
            {"seconds": torch.rand(15, 2, 2, 512)},
            {"seconds": {0: stretches, 1: seconds}},
        ),
        "motions": _graph("motions", ENCODERS, imu, imu_axes),
        "motion_features": _graph("motion_features", ENCODERS, imu, imu_axes),
    }


def _scenario_graphs() -> dict[str, Graph]:
    segments = {1: Dim("segments", min=2, max=64)}
    rows = {"rows": torch.rand(1, 15, 644)}
    return {
        "scenario_rows": _graph(
            "scenario_rows", SCENARIO, _segments(15), dict.fromkeys(_segments(1), segments)
        ),
        "scenario": _graph("scenario", SCENARIO, rows, {"rows": segments}),
    }


def _har_graph() -> Graph:
    scenarios = {1: Dim("scenarios", min=1, max=16)}
    seconds = {1: Dim("seconds", min=1, max=64)}
    example = {
        "audio": torch.rand(1, 256),
        "audio_mask": torch.ones(1, dtype=torch.bool),
        "imu": torch.rand(1, 128),
        "imu_mask": torch.ones(1, dtype=torch.bool),
        "text": torch.rand(1, 3, 384),
        "text_mask": torch.ones(1, 3, dtype=torch.bool),
        "audio_seconds": torch.rand(1, 5, 256),
        "imu_seconds": torch.rand(1, 5, 128),
    }
    dynamic = {
        "text": scenarios,
        "text_mask": scenarios,
        "audio_seconds": seconds,
        "imu_seconds": seconds,
    }
    return _graph("har", HAR, example, dynamic)


def _lanhar_graphs() -> dict[str, Graph]:
    rows = Dim("rows", min=60, max=3_000)
    texts, words = Dim("texts", min=1, max=4_096), Dim("words", min=1, max=160)
    return {
        "lanhar_sensor": _graph(
            "lanhar_sensor",
            LANHAR_SENSOR,
            {
                "channels": torch.rand(1, CHANNELS, 100),
                "measures": torch.rand(1, len(MEASURES)),
                "posture": torch.rand(1, 2),
            },
            {"channels": {2: rows}},
        ),
        "lanhar_text": Graph(
            LANHAR_TEXT,
            _texts,
            {"prepared": torch.ones(3, 7, 2, dtype=torch.int64)},
            ("vectors",),
            {"prepared": {0: texts, 1: words}},
        ),
    }


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Export graphs; exits with 2 for an unknown name."""
    parser = argparse.ArgumentParser(prog="python -m models.research.graphs", description=__doc__)
    parser.add_argument(
        "--weights", type=weights_folder, default=WEIGHTS_DIR, help="folder of the networks"
    )
    parser.add_argument(
        "--out",
        type=output_folder,
        help="folder to write to, graphs in that of --weights by default",
    )
    parser.add_argument("names", nargs="*", metavar="GRAPH", help="all unless named")
    options = parser.parse_args(arguments)
    every, registry = graphs(), Registry(options.weights)
    out = options.out or options.weights / GRAPHS_DIR.name
    for name in options.names or every:
        if name not in every:
            parser.error(f"graph {name!r} is unknown; expected {', '.join(every)}")
        made = export(every[name], registry.load(every[name].key).module)
        made.write(out, name)
        print(f"{name}: {len(made.model)} bytes, {len(made.weights)} weights", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
