"""Spatial windows, `spatial`, `activity` and `scenario` → what is heard and done now.

A record of thirty seconds is published after their end. The live view shows a device's last second:
the directions and the level of its sound, the sound events of the last two seconds, and the newest
activity and scenario. It is computed only for devices that are being watched, and changes no
record.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import numpy as np
from redis.exceptions import RedisError

from infra.device_state.live_states import LiveStates
from models.egolog.sound_level import level_db
from models.network.windows import SEGMENT_S
from operators.live_state import LiveState
from schemas import Activity, Scenario, Spatial
from schemas.frames import NS
from streams.engine.features import feature

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from infra.settings import Settings
    from schemas import Message, Window
    from streams.engine.app import EgoLogApp
    from streams.engine.runtime import Runtime

log = logging.getLogger(__name__)

_LOOK_S = 1.0
_WRITE_S = 0.25
_LOOK_EVERY = round(_LOOK_S / _WRITE_S)


class LiveView:
    """Keeps the state of each watched device, and writes changes a few times a second.

    `after_ms` returns the erasure that a device's windows come after, 0 for none.
    """

    def __init__(
        self,
        settings: Settings,
        runtime: Callable[[], Runtime],
        after_ms: Callable[[str], int] = lambda _: 0,
    ) -> None:
        self._settings = settings
        self._runtime = runtime
        self._after_ms = after_ms
        self._states: dict[str, LiveState] = {}
        # The erasure that each state comes after.
        self._after: dict[str, int] = {}
        self._changed: set[str] = set()
        # The last second's log-mel of each watched device: the first half of the next segment.
        self._seconds: dict[str, tuple[int, NDArray[Any]]] = {}
        self._naming: set[asyncio.Task[None]] = set()

    def watch(self, devices: set[str]) -> None:
        """Keep the states of these devices only."""
        for gone in self._states.keys() - devices:
            del self._states[gone], self._after[gone]
            self._seconds.pop(gone, None)
        for device in devices - self._states.keys():
            self._begin(device)
        self._changed &= devices

    def _begin(self, device: str) -> LiveState:
        state = self._states[device] = LiveState(self._settings.activity_unsure_below)
        self._after[device] = self._after_ms(device)
        self._seconds.pop(device, None)
        return state

    def _state(self, device: str) -> LiveState | None:
        """Return the state of a watched device, a new one if it was erased since."""
        state = self._states.get(device)
        if state is not None and self._after[device] != self._after_ms(device):
            return self._begin(device)
        return state

    def add_window(self, window: Window) -> None:
        """Receive a spatial window before it is processed."""
        state = self._state(window.device_id)
        if state is None:
            return
        mel = feature(window, "mel")
        level = None if mel is None else level_db(mel)
        if not state.add_window(window.session_id, window.start_ns, window.end_ns, level):
            return
        self._changed.add(window.device_id)
        before = self._seconds.pop(window.device_id, None)
        if mel is None:
            return
        self._seconds[window.device_id] = (window.start_ns, mel)
        ends_segment = (window.start_ns // NS) % SEGMENT_S == SEGMENT_S - 1
        if not ends_segment or before is None:
            return
        if before[0] + NS == window.start_ns:
            segment = np.concatenate([before[1], mel])
            task = asyncio.get_running_loop().create_task(self._name(window, segment))
            self._naming.add(task)
            task.add_done_callback(self._naming.discard)

    def add_record(self, record: Message) -> None:
        """Receive an agent's result."""
        state = self._state(record.device_id)
        if state is None or not isinstance(record, Spatial | Activity | Scenario):
            return
        if state.add_record(record):
            self._changed.add(record.device_id)

    async def run(self, stopped: Callable[[], bool]) -> None:
        """Follow which devices are watched and write changes, until `stopped`.

        If the store fails, only the view is affected.
        """
        turn = 0
        while not stopped():
            try:
                states = LiveStates.of(self._runtime().log)
                if turn % _LOOK_EVERY == 0:
                    self.watch(await states.watched())
                await self.write(states)
            except (RedisError, OSError) as error:
                log.debug("nothing is shown: %s", error)
            turn = turn + 1 if self._states else 0
            await asyncio.sleep(_WRITE_S if self._states else _LOOK_S)

    async def write(self, states: LiveStates) -> None:
        """Write the states that changed since the last time."""
        changed, self._changed = self._changed, set()
        states_by_device = {
            name: state.page_state() for name in changed if (state := self._state(name)) is not None
        }
        if states_by_device:
            await states.put(states_by_device, dict(self._after))

    async def _name(self, window: Window, segment: NDArray[Any]) -> None:
        try:
            sounds = await self._runtime().sound_namer.submit(segment)
        except Exception as error:  # noqa: BLE001 - the window itself will fail, and is reported
            log.debug("no sound of %s is named: %s", window.window_id, error)
            return
        state = self._state(window.device_id)
        if state is not None:
            likely = {n: p for n, p in sounds.items() if p >= self._settings.sound_event_above}
            state.name(window.session_id, window.start_ns, likely)
            self._changed.add(window.device_id)


def register(app: EgoLogApp, after_ms: Callable[[str], int]) -> LiveView:
    """Add the view to the app; it receives the dispatcher's windows and results."""
    view = LiveView(app.settings, lambda: app.runtime, after_ms)

    async def show() -> None:
        await view.run(lambda: bool(app.should_stop))

    app.task(show)
    return view
