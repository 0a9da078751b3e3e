"""`scenario` and `scenario.refined`: the 30 s join and what the refiner made of it."""

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
"""Who refined a record whose local estimate stands."""

OFFLINE_EXPERT = "offline expert"
"""What the names of all tables of the offline expert begin with."""


class ActivitySpan(BaseModel):
    """The likeliest activity of one HAR window inside the scenario's 30 s.

    Where the closed set is unsure of it, `open_vocabulary` holds the descriptions that fit best.
    That of an `unknown` window is what the closed set had to choose, and no evidence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    start_ns: TimeNs
    end_ns: TimeNs
    activity: Label
    probability: Probability
    open_vocabulary: Probabilities = Field(default_factory=dict)
    unknown: bool = False


class Scenario(Result):
    """One 30 s record: the estimate, its evidence and what was missing when it was made.

    `familiarity` and `unknown` are the estimate's: nobody should count an unknown one.
    `sound_places` says where each of the `sound_events` is, `position` where the device was worn;
    records of before it was known say nothing.
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

    `refined_by` is the LLM's model name, `offline expert <revision>`, or `none` when the local
    estimate stands; `reason` says why in each case. `revision` is the prompt template's version,
    or that of the expert's table.
    """

    TYPE: ClassVar[str] = "scenario.refined"
    scenarios: list[Label] = Field(max_length=64)
    refined_by: str = Field(max_length=128)
    reason: str = Field(max_length=500)
    preliminary: Label
    confidence: Probability
    latency_ms: Annotated[float, Field(ge=0.0)] = 0.0
    tokens: Annotated[int, Field(ge=0)] = 0
