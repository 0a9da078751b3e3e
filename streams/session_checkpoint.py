"""A device's checkpoint: the windower's state, and session state beyond a scenario window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgpack

from infra.errors import InfraError
from streams.engine.outcome import Outcome
from streams.localization import directions_after
from streams.session_memory import LastEstimate, numbers
from streams.session_work import Kept, SessionWork

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
    moved: Memory
    directions: Directions


async def acknowledged(
    device_id: str,
    windows: bytes,
    kept: Mapping[str, Kept],
    before: Sequence[SessionBefore],
    tokens: list[Token],
) -> Outcome:
    """Return the outcome that stores a scenario window's checkpoint and acknowledges its tokens.

    `windows` is the windower's checkpoint and `kept` each session's learned state at the window's
    end. `before` is the rest of each session's state at that time.
    """
    sessions = []
    for name, session, last, labels, moved, directions in before:
        labelled, active = await numbers(labels), await numbers(moved)
        located = await directions_after(directions)
        if session.labels is labels:
            session.labels = session.labels_before = labelled
        if session.moved is moved:
            session.moved = session.moved_before = active
        if session.directions is directions:
            session.directions = session.directions_before = located
        learned = kept[name]
        learned_of = (learned.upright, learned.balance, labelled, active, learned.position)
        entry: list[Any] = [name, *map(list, learned_of), located]
        if last is not None:
            known = await last.in_numbers()
            entry += await packed(known)
            # Without a newer estimate, the next scenario window needs no more than these values.
            if session.before is last:
                session.before = known
        sessions.append(entry)
    checkpoint: bytes = msgpack.packb([_VERSION, windows, sessions])
    return Outcome(checkpoints={device_id: checkpoint}, tokens=tokens)


async def packed(last: LastEstimate) -> list[Any]:
    """Return an estimate as a checkpoint stores it."""
    return [last.start_ns, await last.scenarios(), list(await numbers(last.memory))]


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
        balance, labels, moved, position, packed_directions = learned
        # Bytes again, none in a checkpoint of an earlier release.
        directions = bytes(packed_directions)
        kept = Kept(tuple(upright), balance, position)
        before = None
        if last:
            start_ns, told, *memory = last
            # Checkpoints of earlier releases have no memory.
            before = LastEstimate(start_ns, memory=tuple(memory[0]) if memory else (), told=told)
        memories = (labels, moved, directions)
        sessions[name] = SessionWork(kept, *memories, kept, *memories, before)
    return windows, sessions
