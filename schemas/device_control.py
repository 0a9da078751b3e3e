"""`device.control`: decisions of an operator or a wearer about a device."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field

from schemas.message import Message
from schemas.quiet_hours import QuietHours


def _check_quiet_hours(text: str) -> str:
    QuietHours.parse(text)
    return text


QuietText = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_check_quiet_hours)]
DeviceState = Literal["active", "paused", "erased"]


class DeviceControl(Message):
    """The newest message of a device is in force; the topic is compacted by `device_id`.

    Frames of a `paused` device and frames in its `quiet` hours are dropped. Of an `erased` device
    every message is dropped, in every stage. A pause ends with the first frame that is written at
    `paused_until_ms` (wall time, ms since the epoch) or later; without it, when the device is
    resumed. Messages written up to `erased_ms` (wall time, ms since the epoch) stay dropped once
    the device is active again; it is None in an erasure itself, which counts from when it was
    written. Where it is `stamped`, results of the device say in a header which erasure they come
    after; erasures by earlier releases are not stamped, because their workers wrote no such header.
    """

    TYPE: ClassVar[str] = "device.control"
    MAX_BYTES: ClassVar[int] = 10_000

    state: DeviceState
    quiet: QuietText | None = None
    paused_until_ms: Annotated[int, Field(ge=0, lt=2**53)] | None = None
    erased_ms: Annotated[int, Field(ge=0, lt=2**53)] | None = None
    stamped: bool = False

    @classmethod
    def after(cls, now: DeviceControl | None, device_id: str, **changes: Any) -> Self:
        """Return a device's decision with some fields changed; raises `ValueError`."""
        before = {"state": "active"} if now is None else now.model_dump(exclude={"device_id"})
        return cls.model_validate({"device_id": device_id, **before, **changes})

    def is_paused(self, wall_ms: float) -> bool:
        """Return whether a frame that is written at a wall time falls into a pause."""
        ends = self.paused_until_ms
        return self.state == "paused" and (ends is None or wall_ms < ends)
