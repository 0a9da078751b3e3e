"""`scenario` and `scenario.refined`: the joined record of 30 s and its refinement."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from schemas.evidence import Result
from schemas.frames import Modality
from schemas.message import Label, Probabilities, Probability, TimeNs
from schemas.packed_rows import PackedRows
from schemas.position import BodyPosition
from schemas.sound_place import SoundPlace
from schemas.vector import Vector

NO_REFINER = "none"
"""The refiner's name if the local estimate stands."""

OFFLINE_EXPERT = "offline expert"
"""Prefix of the offline expert's names."""


class ActivitySpan(BaseModel):
    """The likeliest activity of one HAR window inside the scenario's 30 s.

    If the closed set's probability is low, `open_vocabulary` has the best descriptions. The
    activity of an `unknown` window is only the closed set's forced choice, and no evidence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    start_ns: TimeNs
    end_ns: TimeNs
    activity: Label
    probability: Probability
    open_vocabulary: Probabilities = Field(default_factory=dict)
    unknown: bool = False


class Scenario(Result):
    """One 30 s record: the estimate, its evidence and its missing inputs.

    `familiarity` and `unknown` are the estimate's: an unknown one should not be counted.
    `sound_places` has the place of each of the `sound_events`, `position` that of the device; it is
    absent in records of releases without it.
    """

    TYPE: ClassVar[str] = "scenario"
    coverage: dict[Modality, Probability]
    scenarios: Probabilities
    confidence: Probability
    key_frames: list[Probability] = Field(max_length=64)
    activities: list[ActivitySpan] = Field(max_length=64)
    spatial: Probabilities
    sound_events: Probabilities
    motion: Probabilities
    missing: list[str] = Field(default_factory=list, max_length=64)
    embeddings: PackedRows | Vector | None = None
    familiarity: dict[Modality, Probability] = Field(default_factory=dict)
    unknown: bool = False
    sound_places: dict[str, SoundPlace] = Field(default_factory=dict)
    position: BodyPosition | None = None


class Refined(Result):
    """The refiner's answer for one uncertain scenario record.

    `refined_by` is the LLM's model name, `offline expert <revision>`, or `none` if the local
    estimate stands; `reason` is the reason in each case. `revision` is the version of the prompt
    template, or that of the expert's table.
    """

    TYPE: ClassVar[str] = "scenario.refined"
    scenarios: list[Label] = Field(max_length=64)
    refined_by: str = Field(max_length=128)
    reason: str = Field(max_length=500)
    preliminary: Label
    confidence: Probability
    latency_ms: Annotated[float, Field(ge=0.0)] = 0.0
    tokens: Annotated[int, Field(ge=0)] = 0
