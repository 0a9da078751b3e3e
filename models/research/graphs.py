"""The graphs that serve: each network as ONNX, without its weights.

A graph says what is computed, its weights file with which numbers, so fine-tuned revisions are
served by the same graph. Export graphs again after changing a network or its sizes:

    python -m models.research.graphs [--weights DIR] [--out DIR] [GRAPH ...]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
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
from models.research import served_localization
from models.research.graph_export import Graph, export
from models.serving.graph_file import GRAPHS_DIR
from models.serving.registry import WEIGHTS_DIR, Registry

if TYPE_CHECKING:
    from models.network.key import Key

_FRAMES = 50


def _share(network: NearField, maps: Tensor) -> Tensor:
    return network.share(maps)


def _sounds(network: Encoders, mel: Tensor) -> Tensor:
    logits: Tensor = network.audio(mel).logits
    return logits


def _seconds(network: Encoders, mel: Tensor) -> Tensor:
    return network.shared_audio.seconds(network.audio.low(mel))


def _encode_seconds(network: Encoders, seconds: Tensor) -> tuple[Tensor, ...]:
    features = network.encode_seconds(seconds)
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


def _localization(key: Key[Localization], maps: int, *, heat: bool = False) -> Graph:
    example = {
        "maps": torch.rand(1, maps, _FRAMES, 64),
        "imu": torch.rand(1, 6, _FRAMES),
        "has_imu": torch.ones(1, dtype=torch.bool),
    }
    if heat:
        return Graph(key, served_localization.regions_and_heat, example, ("regions", "heat"), {})
    return Graph(key, served_localization.regions, example, ("regions",), {})


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
        "near_field": Graph(NEAR_FIELD, _share, maps, ("share",), {}),
    }


def _encoder_graphs() -> dict[str, Graph]:
    stretches = Dim("stretches", min=1, max=64)
    steps = Dim("steps", min=50, max=3_000)
    rows = Dim("rows", min=50, max=1_000)
    seconds = Dim("seconds", min=1, max=64)
    imu = {"imu": torch.rand(15, 100, 6)}
    imu_axes = {"imu": {0: stretches, 1: rows}}
    return {
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
            _encode_seconds,
            {"seconds": torch.rand(15, 2, 2, 512)},
            ("features", "embedding"),
            {"seconds": {0: stretches, 1: seconds}},
        ),
        "motions": Graph(ENCODERS, _motions, imu, ("features", "embedding", "logits"), imu_axes),
        "motion_features": Graph(
            ENCODERS, _motion_features, imu, ("features", "seconds"), imu_axes
        ),
    }


def _scenario_graphs() -> dict[str, Graph]:
    segments = {1: Dim("segments", min=2, max=64)}
    rows = {"rows": torch.rand(1, 15, 644)}
    return {
        "scenario_rows": Graph(
            SCENARIO,
            _rows,
            _segments(15),
            ("rows", "weights"),
            dict.fromkeys(_segments(1), segments),
        ),
        "scenario": Graph(SCENARIO, _scenarios, rows, ("logits",), {"rows": segments}),
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
    return Graph(HAR, _activities, example, ("logits",), dynamic)


def _lanhar_graphs() -> dict[str, Graph]:
    rows = Dim("rows", min=60, max=3_000)
    texts, words = Dim("texts", min=1, max=4_096), Dim("words", min=1, max=160)
    return {
        "lanhar_sensor": Graph(
            LANHAR_SENSOR,
            _reading,
            {
                "channels": torch.rand(1, CHANNELS, 100),
                "measures": torch.rand(1, len(MEASURES)),
                "posture": torch.rand(1, 2),
            },
            ("vector",),
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


def main(arguments: list[str] | None = None) -> int:
    """Export graphs; exits with 2 for an unknown name."""
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
