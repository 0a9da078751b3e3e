"""Decisions about devices without a broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra import clock
from infra.daily_log.decisions import Decisions
from streams.web.settings import DeviceDecisions

if TYPE_CHECKING:
    from infra.daily_log.store import LogStore
    from schemas import DeviceControl


class Decided:
    """A worker's view of `device.control`, without a broker."""

    def __init__(self, store: LogStore, quiet: str | None = None) -> None:
        self.controls: dict[str, DeviceControl] = {}
        self.decisions = DeviceDecisions(self.controls.get, self.decide, quiet)
        self._store = store

    async def decide(self, control: DeviceControl) -> None:
        self.controls[control.device_id] = control
        written_ms = clock.now_ns() // 1_000_000
        await Decisions.of(self._store).put(control.device_id, written_ms, control)
