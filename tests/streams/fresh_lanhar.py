"""An untrained LanHAR, for tests that do not depend on the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.lanhar.descriptions import labels
from models.lanhar.label_table import LANHAR_LABELS, LabelTable
from models.lanhar.readings import LANHAR_READINGS, Readings
from models.lanhar.sensor_encoder import LANHAR_SENSOR, SensorEncoder, SensorEncoderConfig
from models.lanhar.text_encoder import LANHAR_TEXT, WordEncoder
from models.lanhar.vocabulary import embed_labels

if TYPE_CHECKING:
    from models.serving.registry import Registry


def save_lanhar(registry: Registry) -> None:
    """Save untrained weights of all parts, with label vectors from the descriptions."""
    torch.manual_seed(0)
    text = WordEncoder().eval()
    registry.save(LANHAR_TEXT, text)
    registry.save(LANHAR_SENSOR, SensorEncoder(SensorEncoderConfig(gait=False)).eval())
    registry.save(LANHAR_LABELS, LabelTable.of(embed_labels(text, labels())))
    registry.save(LANHAR_READINGS, Readings())
