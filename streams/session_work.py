"""Work in progress on the windows of a device, by session."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from streams.window_ahead import OpenWindow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas import Activity, Spatial
    from streams.attempts import Task
    from streams.localization import Directions
    from streams.session_memory import LastEstimate, Memory


@dataclass(frozen=True)
class SessionState:
    """State learned from a session, in event time.

    `upright` is the wearer's upright direction and `position` the evidence from steps for the
    device's body position, both after the last activity window; `balance` is the microphone
    balance after the last spatial window.
    """

    upright: Sequence[float] = ()
    balance: Sequence[float] = ()
    position: Sequence[float] = ()


@dataclass
class SessionWork:
    """Results and state of a session since the end of the last scenario window.

    `state` is learned from all windows so far; `label_memory` is LanHAR's, `activity_memory`
    that of motion-only activities, and `direction_memory` that of where sounds are. Those that end
    in `_before` are the same at the end of the last scenario window, and `before` is that window's
    estimate.
    """

    state: SessionState = field(default_factory=SessionState)
    label_memory: Memory = ()
    activity_memory: Memory = ()
    direction_memory: Directions = b""
    state_before: SessionState = field(default_factory=SessionState)
    label_memory_before: Memory = ()
    activity_memory_before: Memory = ()
    direction_memory_before: Directions = b""
    before: LastEstimate | None = None
    open_window: OpenWindow = field(default_factory=OpenWindow)
    seconds: dict[int, Task[Spatial]] = field(default_factory=dict)
    activities: dict[int, Task[Activity]] = field(default_factory=dict)


@dataclass
class DeviceWork:
    """The sessions of a device by name, and the partition of its records."""

    sessions: dict[str, SessionWork] = field(default_factory=dict)
    partition: int | None = None
