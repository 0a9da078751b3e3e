"""Messages of every topic: pydantic models, msgpack on the wire, a version in each.

A field's bounds are part of its type; `Message.decode` raises `SchemaError` and nothing else.
"""

from schemas.correction import Correction, NamedSpan
from schemas.dead_letter import DeadLetter
from schemas.device_control import DeviceControl
from schemas.errors import SchemaError
from schemas.evidence import (
    DIRECTIONS,
    DISTANCES,
    REGIONS,
    Activity,
    NearPart,
    Result,
    ScenarioEstimate,
    Spatial,
)
from schemas.frames import AudioFrame, Frame, ImuFrame, Modality
from schemas.labels import ActivityLabel
from schemas.learning import FinetuneItem, ModelUpdate
from schemas.message import Message
from schemas.packed_rows import PackedRows
from schemas.position import POSITIONS, BodyPosition, Position
from schemas.scenario import ActivitySpan, Refined, Scenario
from schemas.sound_place import SoundPlace
from schemas.vector import Vector
from schemas.windows import Window, WindowKind, window_id

__all__ = [
    "DIRECTIONS",
    "DISTANCES",
    "POSITIONS",
    "REGIONS",
    "Activity",
    "ActivityLabel",
    "ActivitySpan",
    "AudioFrame",
    "BodyPosition",
    "Correction",
    "DeadLetter",
    "DeviceControl",
    "FinetuneItem",
    "Frame",
    "ImuFrame",
    "Message",
    "Modality",
    "ModelUpdate",
    "NamedSpan",
    "NearPart",
    "PackedRows",
    "Position",
    "Refined",
    "Result",
    "Scenario",
    "ScenarioEstimate",
    "SchemaError",
    "SoundPlace",
    "Spatial",
    "Vector",
    "Window",
    "WindowKind",
    "window_id",
]
