"""What each served graph computes, as a function of its torch network and a batch of inputs."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from models.egolog.movement_compensation import CANDIDATES
from models.egolog.scenario import Segments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from models.egolog.contrastive import Encoders
    from models.egolog.har import Har
    from models.egolog.localization import Localization
    from models.egolog.near_field import NearField
    from models.egolog.scenario import ScenarioNet
    from models.lanhar.sensor_encoder import SensorEncoder


@dataclass(frozen=True)
class GraphFunction:
    """A graph's `call` on its network and the tensors `inputs`, B rows each.

    It returns `outputs`, B rows each, in the order of the graph's own.
    """

    call: Callable[..., Tensor | tuple[Tensor, ...]]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def _regions(network: Localization, maps: Tensor, imu: Tensor, has_imu: Tensor) -> Tensor:
    return network.calibrate(network(maps, imu, has_imu).regions)


def _regions_and_heat(
    network: Localization, maps: Tensor, imu: Tensor, has_imu: Tensor
) -> tuple[Tensor, Tensor]:
    output = network(maps, imu, has_imu)
    # Served directions begin with the quarter ahead (`models.egolog.direction_memory`).
    return network.calibrate(output.regions), output.heat.roll(CANDIDATES // 8, dims=2)


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


_LOCALIZATION = ("maps", "imu", "has_imu")
_SEGMENTS = (
    "audio_features",
    "audio_embedding",
    "audio_mask",
    "imu_features",
    "imu_embedding",
    "imu_mask",
)
_HAR = (
    "audio",
    "audio_mask",
    "imu",
    "imu_mask",
    "text",
    "text_mask",
    "audio_seconds",
    "imu_seconds",
)

GRAPH_FUNCTIONS: Mapping[str, GraphFunction] = MappingProxyType(
    {
        "localization_mono": GraphFunction(_regions, _LOCALIZATION, ("regions",)),
        "localization": GraphFunction(_regions_and_heat, _LOCALIZATION, ("regions", "heat")),
        "localization_four": GraphFunction(_regions, _LOCALIZATION, ("regions",)),
        "near_field": GraphFunction(_share, ("maps",), ("share",)),
        "sounds": GraphFunction(_sounds, ("mel",), ("logits",)),
        "seconds": GraphFunction(_seconds, ("mel",), ("seconds",)),
        "heard": GraphFunction(_encode_seconds, ("seconds",), ("features", "embedding")),
        "motions": GraphFunction(_motions, ("imu",), ("features", "embedding", "logits")),
        "motion_features": GraphFunction(_motion_features, ("imu",), ("features", "seconds")),
        "scenario_rows": GraphFunction(_rows, _SEGMENTS, ("rows", "weights")),
        "scenario": GraphFunction(_scenarios, ("rows",), ("logits",)),
        "har": GraphFunction(_activities, _HAR, ("logits",)),
        "lanhar_sensor": GraphFunction(_reading, ("channels", "measures", "posture"), ("vector",)),
    }
)
"""By the graph's name. The text encoder is not here: it runs only when a label is added."""
