"""`windows`: features of aligned spans of event time; from this topic on there is no raw audio."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.frames import Modality
from schemas.message import Message, Probability, SessionId, TimeNs
from schemas.position import Position
from schemas.vector import Vector

WindowKind = Literal["spatial", "har", "scenario"]
Count = Annotated[int, Field(ge=0, le=100_000)]


class Window(Message):
    """One window of one kind.

    `features` by name: `maps` (M, T, 64) log-mel and GCC-PHAT (spatial only), `mel` (T, 64)
    log-mel averaged over the channels, `imu` (N, 6) acc in m/s² and gyro in rad/s;
    with an audio tagger, `tagger_mel` (2·T, 128) (scenario).
    A modality without any sample is absent. `coverage` is the share of the window's samples that
    arrived, `slices` the same for each feature slice. `parts` counts the shorter windows inside
    this one that were published, for which a join has to wait; `after` is the start of the
    session's previous scenario window if that is recent enough to be context. `position` is the
    device's, from its sender, as of the window's end; `channels` is the number of microphones, None
    without sound.
    """

    TYPE: ClassVar[str] = "window"
    MAX_BYTES: ClassVar[int] = 4_000_000

    window_id: str = Field(max_length=200)
    session_id: SessionId
    kind: WindowKind
    start_ns: TimeNs
    end_ns: TimeNs
    coverage: dict[Modality, Probability]
    slices: dict[Modality, list[Probability]]
    features: dict[str, Vector]
    parts: dict[WindowKind, Count] = Field(default_factory=dict)
    after: TimeNs | None = None
    position: Position | None = None
    channels: Annotated[int, Field(ge=1, le=4)] | None = None


# So much of a session's id is left where a number follows it; an id has at most 64 characters.
_BEFORE_RESET = 58


def session_name(session_id: str, epoch: int) -> str:
    """Return a session's name in window ids; each clock reset inside of it gives a new one."""
    return f"{_reset(session_id)}{epoch}" if epoch else session_id


def is_of_session(name: str, session_id: str) -> bool:
    """Return whether `name` is one that `session_name` gives to a session."""
    return name == session_id or name.startswith(_reset(session_id))


def _reset(session_id: str) -> str:
    return f"{session_id[:_BEFORE_RESET]}.r"


def window_id(device_id: str, session_id: str, kind: str, start_ns: int) -> str:
    """Return the deterministic id of a window: the same data always gets the same id."""
    return f"{device_id}/{session_id}/{kind}/{start_ns}"
