"""`spatial`, `activity` and `scenario.estimate`: the three agents' results for a window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.frames import Modality
from schemas.message import Label, Message, Probabilities, Probability, SessionId, TimeNs
from schemas.packed_rows import PackedRows
from schemas.vector import Vector
from schemas.windows import Count, WindowKind

if TYPE_CHECKING:
    from collections.abc import Mapping

Direction = Literal["front", "left", "right", "back"]

DIRECTIONS: tuple[Direction, ...] = ("front", "left", "right", "back")
DISTANCES = ("near", "far")
REGIONS: tuple[str, ...] = tuple(f"{d}-{r}" for d in DIRECTIONS for r in DISTANCES)

_OF = {
    part: tuple(name for name in REGIONS if part in name.split("-"))
    for part in (*DIRECTIONS, *DISTANCES)
}

Gate = Literal["open", "dropped", "near"]


def probabilities_in(regions: Mapping[str, float], part: str) -> list[float]:
    """Return the probabilities of `regions` at a distance or in a direction, `part`."""
    return [regions[name] for name in _OF[part] if name in regions]


class Result(Message):
    """Fields common to all results: the window and the model's revision."""

    window_id: str = Field(max_length=200)
    session_id: SessionId
    start_ns: TimeNs
    end_ns: TimeNs
    revision: str = Field(max_length=64)

    def fields(self) -> dict[str, Any]:
        """Return the fields of the wire format, without those that are `None`."""
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

    The direction of what is near and of what is far takes the session's seconds before into account
    (`models.egolog.direction_memory`). In memory, not in the wire format, are `alone`, the regions
    by the second itself, empty where they are the same, and `directions`, the packed memory after
    it.

    `near_field` is absent if it was not extracted; otherwise `revision` ends in `+<weights>`, the
    revision of the extractor.
    """

    TYPE: ClassVar[str] = "spatial"
    regions: Probabilities
    near_field: NearPart | None = None
    alone: Probabilities = Field(default_factory=dict, exclude=True)
    directions: bytes = Field(default=b"", exclude=True)

    @property
    def by_itself(self) -> Probabilities:
        """The regions by the second itself, for what asks for near and far or pools seconds."""
        return self.alone or self.regions


class Activity(Result):
    """Closed-set activity probabilities (EgoLog §4.3) and an open-vocabulary ranking (LanHAR §3.6).

    `open_vocabulary` has the five labels whose descriptions fit the motion best, with their
    probabilities among all known labels; it is empty with too little motion to rank or without
    LanHAR weights. If it is not, `revision` ends in `+<weights>.<vocabulary>`, the revisions of the
    ranking.

    `gate` is whether the audio was dropped as far-field interference, or reduced to its near field
    (`near`); `scenarios` are the network's scenario input from the window before, in alphabetical
    order (`models.serving.predict.detected_scenarios`); `missing` lists absent inputs.

    `familiarity` is, by modality, the similarity of the features to the training data: 1 is their
    centre, below 0.5 is unfamiliar; a modality that was not evaluated is absent. The likeliest
    activity of an `unknown` window should not be counted.
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
    """The scenario network's estimate for 30 s, and further inputs of the join.

    `key_frames` are the audio-IMU similarities of the fifteen 2 s segments as weights that sum
    to 1 (EgoLog §4.1.3); `embeddings` (segments, D) is the sequence model's input, kept so that an
    uncertain window can be used for fine-tuning without any audio. `familiarity` and `unknown` are
    as in `Activity`: an unknown estimate should not be counted. `event_segments` are each sound
    event's probabilities in equal parts of the window, 0 where they were not computed.
    `undisturbed` are the scenarios estimated without segments of only far sound, which are the
    input of the following activities; it is empty without such segments.
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
