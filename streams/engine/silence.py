"""Decides by the process's clock when an awaited stream counts as silent.

Operators know only event time, so the engine has to tell them that a stream ended without a final
message. A stream counts as silent only once everything sent was read: its messages may still be
in a backlog.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping


@dataclass(frozen=True)
class AwaitedSession:
    """A session that waits for its `silent` streams; `everything` are all its streams.

    `name` is the operator's name of the session, `session_id` that of its messages. `behind_s` is
    how far the silent streams are behind in event time.
    """

    device_id: str
    session_id: str
    name: str
    silent: tuple[str, ...]
    everything: tuple[str, ...]
    behind_s: Mapping[str, float] = field(default_factory=dict, compare=False)


class LastArrivals:
    """When each stream of a session last sent something, by the process's clock."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._sessions: dict[tuple[str, str], dict[str, float]] = {}

    def __len__(self) -> int:
        """The number of sessions that are remembered."""
        return len(self._sessions)

    def record(self, device_id: str, session_id: str, stream: str) -> None:
        """Take note that a stream has sent something."""
        self._sessions.setdefault((device_id, session_id), {})[stream] = self._clock()

    def silent_s(self, device_id: str, session_id: str, stream: str) -> float:
        """Return for how long a stream has been silent; an unknown one counts from now."""
        now = self._clock()
        streams = self._sessions.setdefault((device_id, session_id), {})
        return now - streams.setdefault(stream, now)

    def keep_only(self, known: Callable[[str, str], bool]) -> None:
        """Forget the sessions for which `known(device_id, session_id)` is false."""
        for key in [key for key in self._sessions if not known(*key)]:
            del self._sessions[key]

    def clear(self) -> None:
        """Forget all sessions: their silence counts from zero."""
        self._sessions.clear()


class Silence(Protocol):
    """Decides which streams are no longer waited for."""

    def lost(
        self, waiting: Iterable[AwaitedSession], arrivals: LastArrivals
    ) -> Iterator[tuple[AwaitedSession, tuple[str, ...]]]:
        """Yield the sessions that go on, with the streams that are given up."""


@dataclass(frozen=True)
class StreamSilence:
    """Judges each stream of a session separately, once everything sent is read (`caught_up`).

    A stream that is behind is given up after `idle_timeout_s` of silence, the whole session after
    `session_end_timeout_s` without a message on any of its streams. While other topics have a
    backlog, a stream whose own topic is read (one of `read_streams`) is given up once it is more
    than `behind_max_s` of event time behind: the other streams' messages would pile up. While the
    broker does not serve who sends and who reads (`answers`), no stream can be heard; afterwards
    all timeouts start over.
    """

    caught_up: Callable[[], bool]
    idle_timeout_s: float
    session_end_timeout_s: float
    read_streams: Callable[[], Collection[str]] = tuple
    behind_max_s: float = float("inf")
    answers: Callable[[], bool] = lambda: True

    def lost(
        self, waiting: Iterable[AwaitedSession], arrivals: LastArrivals
    ) -> Iterator[tuple[AwaitedSession, tuple[str, ...]]]:
        """Yield the sessions that go on, with the streams that are given up."""
        if not self.answers():
            arrivals.clear()
            return
        if not self.caught_up():
            yield from self._far_behind(waiting, arrivals)
            return
        for session in waiting:
            silent_s = {
                stream: arrivals.silent_s(session.device_id, session.session_id, stream)
                for stream in session.everything
            }
            if all(seconds > self.session_end_timeout_s for seconds in silent_s.values()):
                yield session, session.everything
                continue
            gone = tuple(s for s in session.silent if silent_s[s] > self.idle_timeout_s)
            if gone:
                yield session, gone

    def _far_behind(
        self, waiting: Iterable[AwaitedSession], arrivals: LastArrivals
    ) -> Iterator[tuple[AwaitedSession, tuple[str, ...]]]:
        read = self.read_streams()
        if not read:
            # Looking at a thousand sessions takes 8 ms, twice a second.
            return
        for session in waiting:
            gone = tuple(
                stream
                for stream in session.silent
                if session.behind_s.get(stream, 0.0) > self.behind_max_s
                and stream in read
                and arrivals.silent_s(session.device_id, session.session_id, stream)
                > self.idle_timeout_s
            )
            if gone:
                yield session, gone
