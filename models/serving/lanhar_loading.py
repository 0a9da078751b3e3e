"""Loads LanHAR from its weights, all of one revision of the sensor encoder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from models.lanhar.margins import KnownReadings, ReadingsConfig
from models.lanhar.position_readout import PositionReadout
from models.lanhar.step_position import StepPosition
from models.lanhar.vocabulary import LabelEmbeddings
from models.serving.open_vocabulary import (
    Lanhar,
    ServedSensorEncoder,
    ServedTextEncoder,
    in_force_by_default,
)
from models.serving.registry import RegistryError
from models.serving.served import (
    LANHAR_LABELS,
    LANHAR_POSITION,
    LANHAR_READINGS,
    LANHAR_READOUT,
    LANHAR_SENSOR,
    LANHAR_TEXT,
)
from models.serving.weights_file import made_anew_by

if TYPE_CHECKING:
    from models.serving.registry import Registry

KEYS = (LANHAR_SENSOR, LANHAR_TEXT, LANHAR_LABELS, LANHAR_READINGS)


def open_lanhar(registry: Registry) -> Lanhar | None:
    """Load LanHAR; returns None if none of its weights exist, and nothing is ranked then.

    Raises `RegistryError` if they are damaged or incomplete.
    """
    if not any(registry.path(key).is_file() for key in KEYS):
        return None
    return require_lanhar(registry)


def require_lanhar(registry: Registry, *, readout: bool = True) -> Lanhar:
    """Load LanHAR, without the readout of a position where that is made of it anew.

    Raises `RegistryError` if its weights cannot be used.
    """
    sensor, text = registry.open(LANHAR_SENSOR), registry.open(LANHAR_TEXT)
    known, readings = _labels(registry), _readings(registry)
    if readings.config.sensor not in ("", sensor.revision):
        raise RegistryError(
            f"weights lanhar_readings are of sensor encoder {readings.config.sensor}, and it is "
            f"{sensor.revision}; expected them anew: "
            f"{made_anew_by(LANHAR_READINGS.name, registry.weights_dir)}"
        )
    return Lanhar(
        sensor=ServedSensorEncoder(sensor.sessions["lanhar_sensor"]),
        text=ServedTextEncoder(text),
        shipped=in_force_by_default(known),
        readings=readings,
        revision=sensor.revision,
        text_revision=text.revision,
        readout=_readout(registry, sensor.revision) if readout else None,
        acceleration=sensor.acceleration,
        suffix=sensor.suffix,
    )


def open_positions(registry: Registry) -> StepPosition | None:
    """Load the classifier of a device's position from steps, or return None without its weights.

    Raises `RegistryError` if they are damaged.
    """
    if not registry.path(LANHAR_POSITION).is_file():
        return None
    return StepPosition.of(registry.weights(LANHAR_POSITION).tensors)


def _labels(registry: Registry) -> LabelEmbeddings:
    weights = registry.weights(LANHAR_LABELS)
    names = tuple(json.loads(weights.config)["names"])
    return LabelEmbeddings(names, weights.tensors["vectors"].astype(np.float32))


def _readout(registry: Registry, sensor: str) -> PositionReadout | None:
    """Load the readout of a position, or return None without its weights."""
    if not registry.path(LANHAR_READOUT).is_file():
        return None
    weights = registry.weights(LANHAR_READOUT)
    readout = PositionReadout.of(json.loads(weights.config), weights.tensors, weights.revision)
    if readout.config.sensor not in ("", sensor):
        raise RegistryError(
            f"weights lanhar_readout are of sensor encoder {readout.config.sensor}, and it is "
            f"{sensor}; expected them anew: "
            f"{made_anew_by(LANHAR_READOUT.name, registry.weights_dir)}"
        )
    return readout


def _readings(registry: Registry) -> KnownReadings:
    weights = registry.weights(LANHAR_READINGS)
    config = json.loads(weights.config)
    return KnownReadings(
        ReadingsConfig(tuple(config["of"]), tuple(config["learned"]), config["sensor"]),
        weights.tensors["readings"].astype(np.float64),
        weights.tensors["learned"].astype(np.float64),
    )
