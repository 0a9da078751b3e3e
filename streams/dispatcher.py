"""Frames → `spatial`, `activity` and `scenario`: hands windows and results on in memory.

All frames of a device go to one worker, so nothing between them and the records goes through the
broker. The inputs of an agent from another one depend on event time alone:

    frames ─► windower ┬► localization ─────────┬► har ──────┬► scenario joiner
                       └► scenario estimator ───┴────────────┘  (sound events near and far)
                          (of the thirty seconds before, for har; without far-only segments)

**After a crash.** A frame is acknowledged once the record of its thirty seconds, and with it all
earlier results, is published; everything in between is computed again from frames, with the same
ids. State that outlives the thirty seconds is in the device's checkpoint: how far its sessions were
emitted, the position from its frames, each session's upright, label memory, activity memory,
position evidence, microphone balance and memory of directions, the scenario context from the last
estimate for the following activities, and the estimates of the minutes before.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from streams.engine.operator_stage import Pending
from streams.engine.outcome import Outcome
from streams.har import upright_after
from streams.localization import balance_after
from streams.position import position_after, worn_at
from streams.session_checkpoint import CheckpointError, SessionBefore, checkpoint_outcome, unpack
from streams.session_work import DeviceWork, SessionWork

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Coroutine,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )

    from models.lanhar.step_position import StepPosition
    from operators.windowed import Windowed
    from streams.engine.kafka.received import Received, Token
    from streams.engine.operator_stage import Step
    from streams.engine.silence import AwaitedSession
    from streams.session_work import SessionState
    from streams.window_work import WindowWork
    from streams.windower import Windowing


class Dispatcher:
    """Cuts frames into windows and has `work` done on them; an `OperatorStage` drives it.

    `positions` estimates the position of devices whose frames have none.

    Frames are pushed in any thread; the following work starts on the event loop, in the order in
    which the windows were emitted.
    """

    def __init__(
        self,
        windowing: Windowing,
        work: WindowWork,
        positions: Callable[[], StepPosition | None] = lambda: None,
    ) -> None:
        self._windowing = windowing
        self._work = work
        self._positions = positions
        self._devices: dict[str, DeviceWork] = {}

    def knows(self, device_id: str) -> bool:
        """Return whether this device's checkpoint was restored or found absent."""
        return self._windowing.knows(device_id)

    def knows_session(self, device_id: str, session_id: str) -> bool:
        """Return whether there is state of a device's session."""
        return self._windowing.knows_session(device_id, session_id)

    def restore(self, device_id: str, checkpoint: bytes | None) -> None:
        """Restore a device from its checkpoint; None for a device without one.

        Raises `CheckpointError` for one of a newer release.
        """
        try:
            windows, sessions = unpack(checkpoint)
        except CheckpointError as error:
            raise CheckpointError(f"device {device_id!r}: {error}") from None
        self._windowing.restore(device_id, windows)
        self._devices[device_id] = DeviceWork(sessions)

    def forget(self) -> None:
        """Drop all state: the partitions were revoked and will be read again."""
        self._windowing.forget()
        self._devices.clear()

    def at_rest(self) -> Iterator[str]:
        """Yield the devices without data that was not emitted yet."""
        return self._windowing.at_rest()

    def forget_device(self, device_id: str) -> None:
        """Drop the state of a device at rest, until it is restored."""
        self._windowing.forget_device(device_id)
        self._devices.pop(device_id, None)

    def stream(self, message: Any) -> str:
        """Return a frame's modality."""
        return self._windowing.stream(message)

    def push(self, received: Received[Any]) -> list[Step]:
        """Process a frame; raises `OperatorError` if it is unusable."""
        windowed = self._windowing.push(received)
        device_id = received.message.device_id
        self._devices[device_id].partition = received.partition
        return list(self._steps(device_id, windowed))

    def waiting(self) -> Iterator[AwaitedSession]:
        """Yield the sessions that hold frames, with the modalities that are behind."""
        return self._windowing.waiting()

    def give_up(self, session: AwaitedSession, streams: Sequence[str]) -> Iterable[Step]:
        """Stop waiting for silent modalities of a session, until they send again."""
        return list(self._steps(session.device_id, self._windowing.give_up(session, streams)))

    def _steps(self, device_id: str, windowed: Windowed[Token]) -> Iterator[Step]:
        """Yield the work on the emitted windows, and the tokens to acknowledge after it."""
        device = self._devices[device_id]
        # Later windows of the same push belong to the next thirty seconds.
        closing = next((w for w in reversed(windowed.windows) if w.kind == "scenario"), None)
        for window in windowed.windows:
            session = device.sessions.setdefault(window.session_id, SessionWork())
            if window.kind == "spatial":
                session.state = replace(
                    session.state, balance=balance_after(session.state.balance, window)
                )
                localize = partial(
                    self._work.localize, device, session, window, session.state.balance
                )
                yield Pending(localize, [])
            elif window.kind == "har":
                session.state = replace(
                    session.state,
                    upright=upright_after(session.state.upright, window),
                    position=position_after(self._positions(), session.state.position, window),
                )
                recognise = partial(self._work.recognise, device, session, window, session.state)
                yield Pending(recognise, [])
            else:
                session.state_before = session.state
                yield Pending(partial(self._work.estimate, device, session, window), [])
                worn = worn_at(window, session.state.position)
                yield Pending(partial(self._work.join, device, session, window, worn), [])
            if window is closing:
                yield self._end(device_id, windowed)
        if closing is None and windowed.checkpoints:
            yield self._end(device_id, windowed)
        elif closing is None and windowed.released:
            yield Outcome(tokens=windowed.released)

    def _end(self, device_id: str, windowed: Windowed[Token]) -> Pending:
        """Return the work after the records of thirty seconds are published."""
        states = {n: s.state_before for n, s in self._devices[device_id].sessions.items()}
        checkpoint = windowed.checkpoints[device_id]
        work = partial(self._acknowledge, device_id, checkpoint, states, windowed.released)
        return Pending(work, windowed.released)

    def _acknowledge(
        self,
        device_id: str,
        windows: bytes,
        states: Mapping[str, SessionState],
        tokens: list[Token],
    ) -> Coroutine[Any, Any, Outcome]:
        sessions = self._devices[device_id].sessions
        known = self._windowing.sessions(device_id)
        for name in [name for name in sessions if name not in known]:
            del sessions[name]
        # Copied now: later changes belong to the next thirty seconds.
        before = [
            SessionBefore(
                name,
                session,
                session.before,
                session.label_memory_before,
                session.activity_memory_before,
                session.direction_memory_before,
            )
            for name, session in sessions.items()
            if name in states
        ]
        return checkpoint_outcome(device_id, windows, states, before, tokens)
