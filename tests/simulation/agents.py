"""Agents without networks, whose results are hashes of all their inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from models.lanhar.step_position import PLACES
from schemas import REGIONS, Activity, ScenarioEstimate, Spatial, Vector, Window
from schemas.sound_place import NearAndFarSounds
from streams.dispatcher import Dispatcher
from streams.har import RankedWindow
from streams.localization import directions_after
from streams.scenario_joiner import ScenarioJoiner
from streams.window_work import WindowWork

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from numpy.typing import NDArray

    from infra.settings import Settings
    from models.serving.window_ahead import WindowAhead
    from schemas.message import Probabilities
    from schemas.position import Place
    from streams.localization import Directions
    from streams.windower import Windowing


def share(*parts: Any) -> float:
    """Return a number in [0, 1) that depends on every bit of the parts."""
    value = 0
    for part in parts:
        value = crc32(part if isinstance(part, bytes) else repr(part).encode(), value)
    return value / 2**32


async def at_once(window: Window) -> None:
    """Do not pause."""


class HashingAgents:
    """The three agents between windower and joiner.

    `pause` is awaited before each result, and may raise an error as a network would.
    """

    def __init__(self, pause: Callable[[Window], Awaitable[None]] = at_once) -> None:
        self._pause = pause

    async def localize(
        self, window: Window, balance: Sequence[float] = (), before: Directions = b""
    ) -> Spatial:
        """Return a spatial window's regions, and a memory that depends on every earlier window."""
        await self._pause(window)
        likely = share(window.encode(), balance, await directions_after(before))
        regions = dict.fromkeys(REGIONS, 0.0) | {"front-near": likely}
        return Spatial(**_common(window), regions=regions, directions=repr(likely).encode())

    async def estimate(self, window: Window, seconds: Sequence[Spatial] = ()) -> ScenarioEstimate:
        """Return a scenario window's estimate; one in eight is unknown, every second disturbed."""
        await self._pause(window)
        probability = share(window.encode(), *(each.encode() for each in seconds))
        undisturbed = {"Cooking": probability / 2, "Eating": 1 - probability / 2}
        segments = [share(probability, at) for at in range(2)]
        return ScenarioEstimate(
            **_common(window),
            coverage=window.coverage,
            scenarios={"Cooking": probability, "Eating": 1 - probability},
            key_frames=[1.0],
            sound_events={"speech": max(segments)},
            event_segments={"speech": segments},
            motion={},
            embeddings=Vector.of(np.zeros((1, 2))),
            parts=window.parts,
            after=window.after,
            unknown=probability < 0.125,
            undisturbed=undisturbed if probability > 0.5 else {},
        )

    async def prepare(self, ahead: WindowAhead) -> None:
        """Do nothing ahead."""

    async def recognise(
        self,
        window: Window,
        seconds: Sequence[Spatial],
        scenarios: Probabilities,
        missing: Sequence[str] = (),
        upright: Sequence[float] = (),
        ranking: Awaitable[RankedWindow] | None = None,
        worn: Place | None = None,
    ) -> Activity:
        """Return the activity of a window."""
        await self._pause(window)
        remembered = () if ranking is None else (await ranking).memory
        inputs = [each.encode() for each in seconds], sorted(scenarios.items())
        context = *inputs, upright, remembered, worn
        probability = share(window.encode(), *context)
        return Activity(
            **_common(window),
            activities={"standing": probability, "sitting": 1 - probability},
            missing=list(missing),
        )

    async def rank(
        self,
        window: Window,
        upright: Sequence[float] = (),
        memory: Sequence[float] = (),
        worn: Place | None = None,
    ) -> RankedWindow:
        """Return no labels, and a memory that depends on every earlier window."""
        await self._pause(window)
        return RankedWindow({}, (share(window.encode(), upright, tuple(memory), worn),))

    async def apart(
        self, window: Window, estimate: ScenarioEstimate, seconds: Sequence[Spatial]
    ) -> dict[int, NearAndFarSounds]:
        """Return near and far sounds in both halves of a window."""
        await self._pause(window)
        share_bytes = share(window.encode(), estimate.encode(), [each.encode() for each in seconds])
        return dict.fromkeys(
            range(2), NearAndFarSounds({"speech": share_bytes}, {"speech": 1 - share_bytes})
        )


class HashingPositions:
    """A position state that is a hash of all windows' motion."""

    def after(self, state: Sequence[float], imu: NDArray[Any]) -> tuple[float, ...]:
        """Return the state after a window."""
        return tuple(
            round(share(imu.tobytes(), tuple(state), place), 9) for place in range(len(PLACES))
        )


class _Recognizer:
    def __init__(self, agents: HashingAgents) -> None:
        self.estimate = agents.recognise
        self.rank = agents.rank


def dispatcher(
    settings: Settings,
    windowing: Windowing,
    pause: Callable[[Window], Awaitable[None]] = at_once,
) -> Dispatcher:
    """Return a dispatcher between the real windower and the real joiner."""
    agents: Any = HashingAgents(pause)
    recognizer: Any = _Recognizer(agents)
    joiner = ScenarioJoiner(settings)
    positions: Any = HashingPositions()
    parts = (agents, agents, recognizer, agents, joiner)
    return Dispatcher(windowing, WindowWork(settings, *parts), lambda: positions)


def _common(window: Window) -> dict[str, Any]:
    return {
        "device_id": window.device_id,
        "window_id": window.window_id,
        "session_id": window.session_id,
        "start_ns": window.start_ns,
        "end_ns": window.end_ns,
        "revision": "r",
    }
