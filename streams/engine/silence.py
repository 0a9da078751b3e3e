"""When streams that somebody waits for count as silent: the engine's clock, beside event time.

Operators know event time only, so it is the engine that tells them of a stream which has ended
without saying so. A stream is silent only where everything sent was read: behind a backlog, nobody
knows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


@dataclass(frozen=True)
class AwaitedSession:
    """A session that cannot go on: the streams it waits for, and all that it has.

    `name` is the session as the operator calls it, `session_id` as its messages do. `behind_s` is
    by how much event time silent streams are behind.
    """

    device_id: str
    session_id: str
    name: str
    silent: tuple[str, ...]
    everything: tuple[str, ...]
    behind_s: Mapping[str, float] = field(default_factory=dict, compare=False)


class LastHeard:
    """When each stream of a session was heard last, by the clock of this process."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._sessions: dict[tuple[str, str], dict[str, float]] = {}

    def __len__(self) -> int:
        """The number of sessions that are remembered."""
        return len(self._sessions)

    def hear(self, device_id: str, session_id: str, stream: str) -> None:
        """Note that something came of a stream."""
        self._sessions.setdefault((device_id, session_id), {})[stream] = self._clock()

    def silent_s(self, device_id: str, session_id: str, stream: str) -> float:
        """Return for how long a stream has been silent; one never heard counts from now on."""
        now = self._clock()
        streams = self._sessions.setdefault((device_id, session_id), {})
        return now - streams.setdefault(stream, now)

    def keep_only(self, known: Callable[[str, str], bool]) -> None:
        """Forget the sessions of which `known` (device_id, session_id) is not true any more."""
        for key in [key for key in self._sessions if not known(*key)]:
            del self._sessions[key]

    def clear(self) -> None:
        """Forget everything: whoever was silent gets the whole time again."""
        self._sessions.clear()


class Silence(Protocol):
    """Decides what is not waited for any longer."""

    def lost(
        self, waiting: Iterable[AwaitedSession], heard: LastHeard
    ) -> Iterator[tuple[AwaitedSession, tuple[str, ...]]]:
        """Yield the sessions that go on, with the streams that are given up."""


@dataclass(frozen=True)
class StreamSilence:
    """Each stream of a session by itself, once all that was sent is read.

    A stream that is behind is given up after `idle_timeout_s` of silence, and the whole session
    after `session_end_timeout_s` in which none of its streams was heard. While other topics are not
    read to their ends, one is given up whose own is (`has_read`), once it is more than
    `behind_max_s` of event time behind: what the others say would pile up. While the broker does
    not answer (`answers`) nobody can be heard: once it does, everybody gets the whole time again.
    """

    caught_up: Callable[[], bool]
    idle_timeout_s: float
    session_end_timeout_s: float
    has_read: Callable[[str], bool] = lambda _: False
    behind_max_s: float = float("inf")
    answers: Callable[[], bool] = lambda: True

    def lost(
        self, waiting: Iterable[AwaitedSession], heard: LastHeard
    ) -> Iterator[tuple[AwaitedSession, tuple[str, ...]]]:
        """Yield the sessions that go on, with the streams that are given up."""
        if not self.answers():
            heard.clear()
            return
        if not self.caught_up():
            yield from self._far_behind(waiting, heard)
            return
        for session in waiting:
            silent_s = {
                stream: heard.silent_s(session.device_id, session.session_id, stream)
                for stream in session.everything
            }
            if all(seconds > self.session_end_timeout_s for seconds in silent_s.values()):
                yield session, session.everything
                continue
            gone = tuple(s for s in session.silent if silent_s[s] > self.idle_timeout_s)
            if gone:
                yield session, gone

    def _far_behind(
        self, waiting: Iterable[AwaitedSession], heard: LastHeard
    ) -> Iterator[tuple[AwaitedSession, tuple[str, ...]]]:
        for session in waiting:
            gone = tuple(
                stream
                for stream in session.silent
                if session.behind_s.get(stream, 0.0) > self.behind_max_s
                and self.has_read(stream)
                and heard.silent_s(session.device_id, session.session_id, stream)
                > self.idle_timeout_s
            )
            if gone:
                yield session, gone
