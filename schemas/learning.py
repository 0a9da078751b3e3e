"""`finetune.queue` and `model.updates`: what the local models learn from, and what they became."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from schemas.evidence import Result
from schemas.message import Label, Message, Probabilities, Probability
from schemas.vector import Vector


class FinetuneItem(Result):
    """An uncertain window's features and its pseudo-label; never raw audio (EgoLog §4.4.2).

    `pseudo_labels` is empty when nobody refined the window; `provenance` names who did.
    """

    TYPE: ClassVar[str] = "finetune.item"
    embeddings: Vector
    scenarios: Probabilities
    confidence: Probability
    pseudo_labels: list[Label] = Field(max_length=64)
    provenance: str = Field(max_length=128)


class ModelUpdate(Message):
    """A published revision of a model; the topic is compacted by model name.

    `device_id` is `*` replaced by `all` for a model that every device shares.
    """

    TYPE: ClassVar[str] = "model.update"
    model: str = Field(min_length=1, max_length=64)
    revision: str = Field(min_length=1, max_length=64)
    parent: str | None = Field(default=None, max_length=64)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    metrics: dict[str, float]
    weights: str = Field(max_length=1024)
