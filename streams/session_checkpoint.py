"""A device's checkpoint: the windower's state, and session state beyond a scenario window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgpack

from infra.errors import InfraError
from streams.engine.outcome import Outcome
from streams.localization import directions_after
from streams.session_memory import LastEstimate, memory_values
from streams.session_work import SessionState, SessionWork

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streams.engine.kafka.received import Token
    from streams.localization import Directions
    from streams.session_memory import Memory

_VERSION = 6
# How many of these fields follow a session's upright in each version: microphone balance, label
# memory, activity memory, position evidence from steps, and memory of directions. Missing fields
# start empty.
_AFTER_UPRIGHT = {2: 0, 3: 2, 4: 3, 5: 4, _VERSION: 5}


class CheckpointError(InfraError):
    """A checkpoint was stored by a newer release."""


class SessionBefore(NamedTuple):
    """A session's name and work, and its last estimate and memories at a scenario window's end."""

    name: str
    session: SessionWork
    last: LastEstimate | None
    labels: Memory
    activity_memory: Memory
    directions: Directions


async def checkpoint_outcome(
    device_id: str,
    windows: bytes,
    states: Mapping[str, SessionState],
    before: Sequence[SessionBefore],
    tokens: list[Token],
) -> Outcome:
    """Return the outcome that stores a scenario window's checkpoint and acknowledges its tokens.

    `windows` is the windower's checkpoint and `states` each session's learned state at the window's
    end. `before` is the rest of each session's state at that time.
    """
    sessions = []
    for name, session, last, label_memory, activity_memory, directions in before:
        label_values = await memory_values(label_memory)
        activity_values = await memory_values(activity_memory)
        direction_bytes = await directions_after(directions)
        if session.label_memory is label_memory:
            session.label_memory = session.label_memory_before = label_values
        if session.activity_memory is activity_memory:
            session.activity_memory = session.activity_memory_before = activity_values
        if session.direction_memory is directions:
            session.direction_memory = session.direction_memory_before = direction_bytes
        state = states[name]
        learned = (state.upright, state.balance, label_values, activity_values, state.position)
        entry: list[Any] = [name, *map(list, learned), direction_bytes]
        if last is not None:
            resolved = await last.resolve()
            entry += await pack(resolved)
            # Without a newer estimate, the next scenario window needs no more than these values.
            if session.before is last:
                session.before = resolved
        sessions.append(entry)
    checkpoint: bytes = msgpack.packb([_VERSION, windows, sessions])
    return Outcome(checkpoints={device_id: checkpoint}, tokens=tokens)


async def pack(last: LastEstimate) -> list[Any]:
    """Return an estimate as a checkpoint stores it."""
    return [last.start_ns, await last.scenarios(), list(await memory_values(last.memory))]


def unpack(checkpoint: bytes | None) -> tuple[bytes | None, dict[str, SessionWork]]:
    """Return the windower's checkpoint, None without one, and the sessions by name.

    Raises `CheckpointError` for a version that this release does not know.
    """
    if checkpoint is None:
        return None, {}
    unpacked = msgpack.unpackb(checkpoint)
    if unpacked and isinstance(unpacked[0], int) and unpacked[0] > _VERSION:
        raise CheckpointError(
            f"checkpoint has version {unpacked[0]}; expected {_VERSION} or less: it was stored by "
            "a newer release, which can go on from it"
        )
    if not unpacked or unpacked[0] not in tuple(_AFTER_UPRIGHT):
        # An earlier release stored the windower's checkpoint alone.
        return checkpoint, {}
    version, windows, entries = unpacked
    sessions = {}
    for name, upright, *rest in entries:
        count = _AFTER_UPRIGHT[version]
        learned, last = [tuple(each) for each in rest[:count]], rest[count:]
        learned += [()] * (_AFTER_UPRIGHT[_VERSION] - count)
        balance, label_memory, activity_memory, position, packed_directions = learned
        # Bytes again, none in a checkpoint of an earlier release.
        directions = bytes(packed_directions)
        state = SessionState(tuple(upright), balance, position)
        before = None
        if last:
            start_ns, context, *memory = last
            # Checkpoints of earlier releases have no memory.
            earlier = tuple(memory[0]) if memory else ()
            before = LastEstimate(start_ns, memory=earlier, scenario_context=context)
        memories = (label_memory, activity_memory, directions)
        sessions[name] = SessionWork(state, *memories, state, *memories, before)
    return windows, sessions
