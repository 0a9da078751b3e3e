"""The event-time join: a primary record waits for the parts that it says exist.

How many parts there are is written in the primary itself, so a complete join needs no timer and
gives the same result in any interleaving. Only when a part was lost on the way (a dead letter
upstream) does the grace decide: when the part's stream has moved on by `grace_ns`, or has been
given up, the primary goes on without it and says what is missing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

TokenT = TypeVar("TokenT")
PrimaryT = TypeVar("PrimaryT")

_REMEMBERED_SESSIONS = 8


@dataclass(frozen=True)
class Need:
    """A primary needs `count` parts of `kind` that start in [start_ns, end_ns).

    Parts of this kind that start before `keep_ns` are of no use to any later primary.
    """

    kind: str
    start_ns: int
    end_ns: int
    count: int
    keep_ns: int


@dataclass(frozen=True)
class Span:
    """Whose and when: the identity by which records of a device's session meet."""

    device_id: str
    session_id: str
    start_ns: int
    end_ns: int


@dataclass
class Joined(Generic[PrimaryT, TokenT]):
    """A primary with its parts by kind, in order of their start, and what never came.

    `tokens` and `checkpoint` are for after the result was published; `memory` is what the session
    is remembered by, this primary included.
    """

    span: Span
    primary: PrimaryT
    parts: dict[str, list[Any]]
    missing: list[str]
    tokens: list[TokenT]
    checkpoint: bytes
    memory: tuple[float, ...] = ()


@dataclass
class JoinOutput(Generic[PrimaryT, TokenT]):
    """What one push brought about; `released` tokens belong to records nobody needs."""

    joined: list[Joined[PrimaryT, TokenT]] = field(default_factory=list)
    released: list[TokenT] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass
class _Entry(Generic[TokenT]):
    value: Any
    end_ns: int
    tokens: list[TokenT]


@dataclass
class _Session(Generic[TokenT]):
    primaries: dict[int, _Entry[TokenT]] = field(default_factory=dict)
    parts: dict[str, dict[int, _Entry[TokenT]]] = field(default_factory=dict)
    newest: dict[str, int] = field(default_factory=dict)
    horizon: dict[str, int] = field(default_factory=dict)
    floor_ns: int = 0
    memory: tuple[float, ...] = ()


class Join(Generic[PrimaryT, TokenT]):
    """Joins primaries with their parts, per device and session, in order of the primaries.

    `needs(primary)` lists what a primary waits for. Tokens of a part come back with the first
    primary after which the part is useless, so that a crash reads again whatever an unpublished
    primary still needs.

    `remember` makes a session's memory, some numbers, from those before a primary and the primary;
    it starts without any. Primaries are remembered in the order in which they are handed out, each
    once, and the memory is in the checkpoint.
    """

    def __init__(
        self,
        needs: Callable[[PrimaryT], Sequence[Need]],
        grace_ns: int,
        remember: Callable[[Sequence[float], PrimaryT], Sequence[float]] | None = None,
    ) -> None:
        self._needs = needs
        self._grace_ns = grace_ns
        self._remember = remember
        self._devices: dict[str, dict[str, _Session[TokenT]]] = {}

    def knows(self, device_id: str) -> bool:
        """Return whether this device's checkpoint was restored or found absent."""
        return device_id in self._devices

    def knows_session(self, device_id: str, session_id: str) -> bool:
        """Return whether anything is remembered of a device's session."""
        return session_id in self._devices.get(device_id, {})

    def restore(self, device_id: str, checkpoint: bytes | None) -> None:
        """Take up a device where its checkpoint left it; None for a device without one."""
        sessions: dict[str, _Session[TokenT]] = {}
        for session_id, floor_ns, horizon, *memory in (
            msgpack.unpackb(checkpoint) if checkpoint else []
        ):
            sessions[session_id] = _Session(
                floor_ns=floor_ns, horizon=horizon, memory=tuple(memory[0]) if memory else ()
            )
        self._devices[device_id] = sessions

    def snapshot(self, device_id: str) -> bytes:
        """Return the checkpoint of a device: which primaries were handed out, and its memory."""
        sessions = list(self._devices[device_id].items())[-_REMEMBERED_SESSIONS:]
        packed: bytes = msgpack.packb(
            [[sid, s.floor_ns, s.horizon, *([s.memory] if s.memory else [])] for sid, s in sessions]
        )
        return packed

    def forget(self) -> None:
        """Drop all state: the partitions were taken away and will be read again."""
        self._devices.clear()

    def push_primary(
        self, span: Span, primary: PrimaryT, token: TokenT
    ) -> JoinOutput[PrimaryT, TokenT]:
        """Take a primary; one that was already handed out only gives its token back."""
        out = JoinOutput[PrimaryT, TokenT]()
        session = self._session(span)
        if span.start_ns < session.floor_ns:
            out.counts["repeated"] += 1
            out.released.append(token)
            return out
        entry = session.primaries.get(span.start_ns)
        if entry is None:
            session.primaries[span.start_ns] = _Entry(primary, span.end_ns, [token])
        else:
            entry.tokens.append(token)
        self._close(span.device_id, span.session_id, session, out, frozenset())
        return out

    def push_part(
        self, span: Span, kind: str, part: Any, token: TokenT
    ) -> JoinOutput[PrimaryT, TokenT]:
        """Take a part of `kind`; one that no later primary can need gives its token back."""
        out = JoinOutput[PrimaryT, TokenT]()
        session = self._session(span)
        session.newest[kind] = max(session.newest.get(kind, 0), span.start_ns)
        if span.start_ns < session.horizon.get(kind, 0):
            out.counts["late"] += 1
            out.released.append(token)
        else:
            parts = session.parts.setdefault(kind, {})
            entry = parts.get(span.start_ns)
            if entry is None:
                parts[span.start_ns] = _Entry(part, span.end_ns, [token])
            else:
                entry.tokens.append(token)
        self._close(span.device_id, span.session_id, session, out, frozenset())
        return out

    def waiting(self) -> Iterator[tuple[str, str, list[str]]]:
        """Yield (device_id, session_id, kinds waited for) for every session that holds tokens."""
        for device_id, sessions in self._devices.items():
            for session_id, session in sessions.items():
                if session.primaries:
                    head = session.primaries[min(session.primaries)]
                    yield device_id, session_id, [n.kind for n in self._unmet(session, head.value)]
                elif any(session.parts.values()):
                    yield device_id, session_id, []

    def give_up(
        self, device_id: str, session_id: str, kinds: Sequence[str]
    ) -> JoinOutput[PrimaryT, TokenT]:
        """Hand out what is waiting without the parts of `kinds`; drop parts nobody waits for."""
        out = JoinOutput[PrimaryT, TokenT]()
        session = self._devices.get(device_id, {}).get(session_id)
        if session is None:
            return out
        if session.primaries:
            self._close(device_id, session_id, session, out, frozenset(kinds))
        else:
            for parts in session.parts.values():
                for entry in parts.values():
                    out.released += entry.tokens
                parts.clear()
        return out

    def _session(self, span: Span) -> _Session[TokenT]:
        sessions = self._devices.setdefault(span.device_id, {})
        if span.session_id not in sessions:
            idle = [k for k, s in sessions.items() if not s.primaries and not any(s.parts.values())]
            for key in idle[:-_REMEMBERED_SESSIONS]:
                del sessions[key]
            sessions[span.session_id] = _Session()
        return sessions[span.session_id]

    def _unmet(self, session: _Session[TokenT], primary: PrimaryT) -> list[Need]:
        return [
            need for need in self._needs(primary) if len(_parts_for(session, need)) < need.count
        ]

    def _close(
        self,
        device_id: str,
        session_id: str,
        session: _Session[TokenT],
        out: JoinOutput[PrimaryT, TokenT],
        given_up: frozenset[str],
    ) -> None:
        while session.primaries:
            start_ns = min(session.primaries)
            entry = session.primaries[start_ns]
            unmet = self._unmet(session, entry.value)
            if any(
                need.kind not in given_up
                and session.newest.get(need.kind, 0) < need.end_ns + self._grace_ns
                for need in unmet
            ):
                return
            del session.primaries[start_ns]
            needs = self._needs(entry.value)
            parts = {need.kind: [e.value for e in _parts_for(session, need)] for need in needs}
            missing = [f"{need.kind} {len(parts[need.kind])}/{need.count}" for need in unmet]
            tokens = list(entry.tokens)
            for need in needs:
                tokens += _drop_before(session, need.kind, need.keep_ns)
            session.floor_ns = max(session.floor_ns, entry.end_ns)
            if self._remember is not None:
                session.memory = tuple(self._remember(session.memory, entry.value))
            span = Span(device_id, session_id, start_ns, entry.end_ns)
            out.joined.append(
                Joined(
                    span,
                    entry.value,
                    parts,
                    missing,
                    tokens,
                    self.snapshot(device_id),
                    session.memory,
                )
            )


def _parts_for(session: _Session[TokenT], need: Need) -> list[_Entry[TokenT]]:
    parts = session.parts.get(need.kind, {})
    return [parts[s] for s in sorted(parts) if need.start_ns <= s < need.end_ns]


def _drop_before(session: _Session[TokenT], kind: str, keep_ns: int) -> list[TokenT]:
    session.horizon[kind] = max(session.horizon.get(kind, 0), keep_ns)
    parts = session.parts.get(kind, {})
    tokens: list[TokenT] = []
    for start_ns in [s for s in parts if s < keep_ns]:
        tokens += parts.pop(start_ns).tokens
    return tokens
