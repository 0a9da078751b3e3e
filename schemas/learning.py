"""`finetune.queue` and `model.updates`: the training data of local models, and their revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field, model_validator

from schemas.evidence import Result
from schemas.message import DeviceId, Label, Message, Probabilities, Probability, TimeNs
from schemas.packed_rows import PackedRows
from schemas.vector import Vector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.scenario import Scenario

SHIPPED = "shipped"
"""The name of the revision of the package's weights."""

ModelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Revision = Annotated[str, Field(pattern=rf"^([0-9a-f]{{12}}|{SHIPPED})$")]


class FinetuneItem(Result):
    """An uncertain window's features and its pseudo-label; never raw audio (EgoLog §4.4.2).

    `pseudo_labels` is empty if the window was not refined, or refined to a scenario that the
    network does not have; `provenance` is the author. A label by the wearer
    (`schemas.correction.WEARER`) takes precedence over all others of the window, and an item by the
    wearer without labels takes back the former one.
    """

    TYPE: ClassVar[str] = "finetune.item"
    embeddings: PackedRows | Vector
    scenarios: Probabilities
    confidence: Probability
    pseudo_labels: list[Label] = Field(max_length=64)
    provenance: str = Field(max_length=128)

    @classmethod
    def of(
        cls,
        record: Scenario,
        embeddings: PackedRows | Vector,
        pseudo_labels: Sequence[str],
        provenance: str,
    ) -> Self:
        """Return the item of the window of `record`, with its features."""
        return cls(
            device_id=record.device_id,
            window_id=record.window_id,
            session_id=record.session_id,
            start_ns=record.start_ns,
            end_ns=record.end_ns,
            revision=record.revision,
            embeddings=embeddings,
            scenarios=record.scenarios,
            confidence=record.confidence,
            pseudo_labels=list(pseudo_labels),
            provenance=provenance,
        )


class ModelUpdate(Message):
    """The revision of `model` that every worker uses from here on; the newest one is in force.

    The topic is compacted by `model`. Models are common to all devices, so `device_id` is `all` and
    the message's key is the model's name. `revision` is the first twelve digits of the network's
    own hash (`models.serving.registry.Loaded`), or `shipped` for the package's weights, which alone
    have no `weights`. `weights` is the path of the safetensors file and `sha256` its hash.
    `encoders` is the revision of the frozen encoders that the network needs. `metrics_before` are
    the parent's metrics by name, `metrics` its own. While `pinned`, no revision is published
    automatically.
    """

    TYPE: ClassVar[str] = "model.update"
    MAX_BYTES: ClassVar[int] = 100_000

    device_id: DeviceId = "all"
    model: ModelName
    revision: Revision
    parent: Revision | None = None
    encoders: Revision | None = None
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    weights: str | None = Field(default=None, min_length=1, max_length=1024)
    metrics_before: dict[str, float] = Field(default_factory=dict, max_length=64)
    metrics: dict[str, float] = Field(default_factory=dict, max_length=64)
    reason: str = Field(default="", max_length=500)
    pinned: bool = False
    created_ns: TimeNs

    @model_validator(mode="after")
    def _weights_are_whole(self) -> ModelUpdate:
        given = [part is not None for part in (self.weights, self.sha256, self.encoders)]
        if self.revision == SHIPPED:
            if any(given):
                raise ValueError(f"revision {SHIPPED!r} names weights; expected none")
        elif not all(given):
            raise ValueError(
                f"revision {self.revision!r} lacks weights, sha256 or encoders; expected all three"
            )
        return self
