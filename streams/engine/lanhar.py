"""LanHAR's shipped weights as the stream uses them."""

from __future__ import annotations

from dataclasses import dataclass

from models.registry import Registry
from operators.label_set import LabelSet
from streams.engine.ranking import Ranker


@dataclass(frozen=True)
class Lanhar:
    """What ranks, the shipped labels and the revision of both."""

    ranker: Ranker
    labels: LabelSet
    revision: str


def open_lanhar(registry: Registry) -> Lanhar | None:
    """Return LanHAR, None where its weights are not there: then nothing is ranked."""
    return None
