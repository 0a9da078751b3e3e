"""LanHAR nobody trained, for rules that hold whatever the weights are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.lanhar.descriptions import labels
from models.lanhar.sensor_encoder import SensorEncoder
from models.lanhar.text_encoder import WordEncoder
from models.lanhar.vocabulary import LabelTable, embed_labels

if TYPE_CHECKING:
    from models.serving.registry import Registry


def save_lanhar(registry: Registry) -> None:
    """Save untrained weights of all three parts; the labels' vectors are their descriptions'."""
    torch.manual_seed(0)
    text = WordEncoder().eval()
    registry.save("lanhar_text", text)
    registry.save("lanhar_sensor", SensorEncoder().eval())
    registry.save("lanhar_labels", LabelTable.of(embed_labels(text, labels())))
