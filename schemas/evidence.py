"""`spatial`, `activity` and `scenario.estimate`: what the three agents say of a window."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.frames import Modality
from schemas.message import Label, Message, Probabilities, Probability, SessionId, TimeNs
from schemas.packed_rows import PackedRows
from schemas.vector import Vector
from schemas.windows import Count, WindowKind

Direction = Literal["front", "left", "right", "back"]

DIRECTIONS: tuple[Direction, ...] = ("front", "left", "right", "back")
DISTANCES = ("near", "far")
REGIONS: tuple[str, ...] = tuple(f"{d}-{r}" for d in DIRECTIONS for r in DISTANCES)

Gate = Literal["open", "dropped", "near"]


class Result(Message):
    """What every agent's result carries: the window it speaks of and the model that spoke."""

    window_id: str = Field(max_length=200)
    session_id: SessionId
    start_ns: TimeNs
    end_ns: TimeNs
    revision: str = Field(max_length=64)

    def fields(self) -> dict[str, Any]:
        """Return the fields as they go onto the wire, those that are `None` left out."""
        return self.model_dump(mode="python", exclude_none=True)


class NearPart(BaseModel):
    """The near field of a second (EgoLog §4.3).

    `share` (50, 64) `|u1` is its share of the power in each band and frame in steps of 1/255,
    `energy` that of the whole second's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    share: Vector
    energy: Probability

    @model_validator(mode="after")
    def _share_is_of_a_second(self) -> NearPart:
        if self.share.dtype != "|u1" or self.share.shape != [50, 64]:
            raise ValueError(
                f"share is {self.share.dtype} of shape {self.share.shape}; expected |u1 of [50, 64]"
            )
        return self


class Spatial(Result):
    """Probability of a sound in each of the eight regions (EgoLog §4.2), one a second.

    `near_field` is absent where it was not extracted; where it was, `revision` ends in
    `+<weights>`: what extracted it.
    """

    TYPE: ClassVar[str] = "spatial"
    regions: Probabilities
    near_field: NearPart | None = None


class Activity(Result):
    """Closed-set activity probabilities (EgoLog §4.3) and an open-vocabulary ranking (LanHAR §3.6).

    `open_vocabulary` holds the five labels whose descriptions fit the motion best, with their
    probabilities among all known labels; it is empty where there was too little motion to rank or
    no LanHAR weights. `revision` then ends in `+<weights>.<vocabulary>`: what it was ranked by.

    `gate` says whether the audio was dropped as far-field interference, or heard without what is
    far of it (`near`); `scenarios` names what the network was told of the scenario before, in
    alphabetical order (`models.serving.predict.detected_scenarios`); `missing` lists the inputs
    that never came.

    `familiarity` says of each modality how near its features are to those that the networks learned
    from: 1 is their middle, below 0.5 is unfamiliar, a modality that is not judged is left out.
    Nobody should count an `unknown` window as its likeliest activity.
    """

    TYPE: ClassVar[str] = "activity"
    activities: Probabilities
    open_vocabulary: Probabilities = Field(default_factory=dict)
    gate: Gate = "open"
    far_field: Probability | None = None
    scenarios: list[Label] = Field(default_factory=list, max_length=64)
    missing: list[str] = Field(default_factory=list, max_length=64)
    familiarity: dict[Modality, Probability] = Field(default_factory=dict)
    unknown: bool = False


class ScenarioEstimate(Result):
    """The scenario network's estimate for 30 s, and what the join needs beside it.

    `key_frames` are the audio-IMU similarities of the fifteen 2 s segments as weights that sum
    to 1 (EgoLog §4.1.3); `embeddings` (segments, D) is the sequence model's input, kept so that an
    uncertain window can be learned from without any audio. `familiarity` and `unknown` are as in
    `Activity`: nobody should count an unknown estimate. `event_segments` says of each sound event
    how likely it is in each of as many equal parts of the window, 0 where nobody looked.
    `undisturbed` are the scenarios without the segments of far sound alone, which the activities
    after it are told; it is empty where there are no such segments.
    """

    TYPE: ClassVar[str] = "scenario.estimate"
    FORMER_TYPES: ClassVar[frozenset[str]] = frozenset({"evidence"})
    coverage: dict[Modality, Probability]
    scenarios: Probabilities
    key_frames: list[Probability] = Field(max_length=64)
    sound_events: Probabilities
    motion: Probabilities
    embeddings: PackedRows | Vector
    parts: dict[WindowKind, Count]
    after: TimeNs | None = None
    familiarity: dict[Modality, Probability] = Field(default_factory=dict)
    unknown: bool = False
    event_segments: dict[str, Annotated[list[Probability], Field(max_length=64)]] = Field(
        default_factory=dict
    )
    undisturbed: Probabilities = Field(default_factory=dict)
