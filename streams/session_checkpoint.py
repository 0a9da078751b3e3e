"""The checkpoint of a device: its windower's, and what reaches over the end of thirty seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgpack

from streams.engine.outcome import Outcome
from streams.session_memory import LastEstimate, numbers
from streams.session_work import Kept, SessionWork

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streams.engine.kafka.received import Token
    from streams.session_memory import Memory

_VERSION = 5
# What follows a session's upright in checkpoints of each version: the balance of microphones, the
# memory of labels, that of activities, what steps show of the device's position. What a former one
# lacks is learned anew.
_AFTER_UPRIGHT = {2: 0, 3: 2, 4: 3, _VERSION: 4}


async def acknowledged(
    device_id: str,
    windows: bytes,
    kept: Mapping[str, Kept],
    before: Sequence[tuple[str, SessionWork, LastEstimate | None, Memory, Memory]],
    tokens: list[Token],
) -> Outcome:
    """Return what releases the tokens of thirty seconds: the checkpoint after them.

    `windows` is the windower's, `kept` what was learned by then of each session. `before` are the
    sessions by name with their last estimate and memories as of then.
    """
    sessions = []
    for name, session, last, labels, moved in before:
        labelled, active = await numbers(labels), await numbers(moved)
        if session.labels is labels:
            session.labels = session.labels_before = labelled
        if session.moved is moved:
            session.moved = session.moved_before = active
        learned = kept[name]
        learned_of = (learned.upright, learned.balance, labelled, active, learned.position)
        entry: list[Any] = [name, *map(list, learned_of)]
        if last is not None:
            known = await last.in_numbers()
            entry += await packed(known)
            # Where nothing came meanwhile, that is all that the next thirty seconds need of it.
            if session.before is last:
                session.before = known
        sessions.append(entry)
    checkpoint: bytes = msgpack.packb([_VERSION, windows, sessions])
    return Outcome(checkpoints={device_id: checkpoint}, tokens=tokens)


async def packed(last: LastEstimate) -> list[Any]:
    """Return what a checkpoint keeps of an estimate."""
    return [last.start_ns, await last.scenarios(), list(await numbers(last.memory))]


def unpack(checkpoint: bytes | None) -> tuple[bytes | None, dict[str, SessionWork]]:
    """Return the windower's checkpoint and the sessions."""
    if checkpoint is None:
        return None, {}
    unpacked = msgpack.unpackb(checkpoint)
    if not unpacked or unpacked[0] not in tuple(_AFTER_UPRIGHT):
        # Of an earlier release, whose windower had one of its own.
        return checkpoint, {}
    version, windows, entries = unpacked
    sessions = {}
    for name, upright, *rest in entries:
        count = _AFTER_UPRIGHT[version]
        learned, last = [tuple(each) for each in rest[:count]], rest[count:]
        learned += [()] * (_AFTER_UPRIGHT[_VERSION] - count)
        balance, labels, moved, position = learned
        kept = Kept(tuple(upright), balance, position)
        before = None
        if last:
            start_ns, told, *memory = last
            # A checkpoint of before there was a memory has none.
            before = LastEstimate(start_ns, memory=tuple(memory[0]) if memory else (), told=told)
        sessions[name] = SessionWork(kept, labels, moved, kept, labels, moved, before)
    return windows, sessions
