"""What the windows of a device are being made into, by session."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from streams.sound_ahead import OpenWindow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas import Activity, Spatial
    from streams.attempts import Task
    from streams.session_memory import LastEstimate, Memory


@dataclass(frozen=True)
class Kept:
    """What is learned of a session in event time.

    `upright` is the wearer's after the last activity window, `balance` that of the microphones
    after the last spatial one, `position` what steps say of where the device is by the former.
    """

    upright: Sequence[float] = ()
    balance: Sequence[float] = ()
    position: Sequence[float] = ()


@dataclass
class SessionWork:
    """What the windows of a session have been made into since the last thirty seconds ended.

    `kept` says of the wearer and the device what all windows so far do, `labels` is LanHAR's
    memory and `moved` that of the activities by motion alone; those `before` are as of the end of
    the last thirty seconds.
    """

    kept: Kept = field(default_factory=Kept)
    labels: Memory = ()
    moved: Memory = ()
    kept_before: Kept = field(default_factory=Kept)
    labels_before: Memory = ()
    moved_before: Memory = ()
    before: LastEstimate | None = None
    open_window: OpenWindow = field(default_factory=OpenWindow)
    seconds: dict[int, Task[Spatial]] = field(default_factory=dict)
    activities: dict[int, Task[Activity]] = field(default_factory=dict)


@dataclass
class DeviceWork:
    """The sessions of a device by name, and the partition that its records go to."""

    sessions: dict[str, SessionWork] = field(default_factory=dict)
    partition: int | None = None
