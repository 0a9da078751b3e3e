"""The outcome of published frames: their windows, the log's records, and dead letters."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from models.network.windows import HAR_WINDOW_S, SCENARIO_WINDOW_S
from schemas.frames import NS, AudioFrame, ImuFrame
from schemas.windows import WindowKind, window_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence

    from schemas import DeadLetter
    from schemas.frames import Frame

ANSWER_S = 5.0  # for the first record, and between two of them
MOST_S = 60.0
_POLL_S = 0.5
_LENGTHS_NS: dict[WindowKind, int] = {
    "scenario": SCENARIO_WINDOW_S * NS,
    "har": HAR_WINDOW_S * NS,
}
_MAX_SESSIONS = 100

Session = tuple[str, str]  # device id, session id


class LogIds(Protocol):
    """The part of the log's store that is needed here."""

    async def window_ids(self, device: str, from_ns: int, to_ns: int) -> set[str]:
        """Return the ids of the windows that start in [from_ns, to_ns) and have a record."""


class PublishedWindows:
    """The expected windows of published frames: those of 30 s and of 5 s with a sample.

    Only the first hundred sessions of a fleet are kept.
    """

    def __init__(self) -> None:
        self._starts: dict[Session, dict[WindowKind, set[int]]] = {}

    def add(self, frame: Frame) -> None:
        """Add a frame that was sent."""
        if isinstance(frame, AudioFrame):
            count, rate = len(frame.samples) // (2 * frame.channels), float(frame.sample_rate)
        elif isinstance(frame, ImuFrame):
            count, rate = frame.acc.shape[0], frame.rate
        else:
            raise TypeError(f"frame is a {type(frame).__name__}; expected audio or motion")
        key = (frame.device_id, frame.session_id)
        if key not in self._starts and len(self._starts) == _MAX_SESSIONS:
            return
        starts = self._starts.setdefault(key, defaultdict(set))
        if count:
            last_ns = frame.t_ns + round((count - 1) * NS / rate)
            for kind, length_ns in _LENGTHS_NS.items():
                first, last = frame.t_ns // length_ns, last_ns // length_ns
                starts[kind].add(first * length_ns)
                if last > first:
                    starts[kind].update(number * length_ns for number in range(first, last + 1))

    @property
    def sessions(self) -> list[Session]:
        """Device and session ids, in the order of their first frames."""
        return list(self._starts)

    def ids(self) -> dict[WindowKind, set[str]]:
        """Return the ids of all windows by kind."""
        return {
            kind: {
                window_id(device, session, kind, start)
                for (device, session), starts in self._starts.items()
                for start in starts[kind]
            }
            for kind in _LENGTHS_NS
        }

    def spans(self) -> dict[str, tuple[int, int]]:
        """Return the span [first, last) of the windows' starts by device, ns."""
        spans: dict[str, tuple[int, int]] = {}
        for (device, _), starts in self._starts.items():
            both = [start for kind in _LENGTHS_NS for start in starts[kind]]
            first, last = spans.get(device, (min(both, default=0), 0))
            spans[device] = min([first, *both]), max([last, *(start + 1 for start in both)])
        return spans


@dataclass(frozen=True)
class ReplayOutcome:
    """Expected windows by kind, those of them in the log, and dead letters.

    `answered`: a record came while waiting. `before`: how many windows had a record before their
    frames were published. `workers`: the names of those in the group, None if the broker does not
    tell.
    """

    expected: Mapping[WindowKind, int]
    logged: Mapping[WindowKind, int]
    dead_letters: int
    answered: bool
    before: int = 0
    workers: Sequence[str] | None = None

    @property
    def complete(self) -> bool:
        """Whether every window has its record."""
        return dict(self.expected) == dict(self.logged)

    def lines(self) -> list[str]:
        """Return the report as text."""
        windows = sum(self.expected.values())
        counts = (
            f"{self.logged['scenario']} of {self.expected['scenario']} scenarios and "
            f"{self.logged['har']} of {self.expected['har']} activities"
        )
        letters = f"{self.dead_letters} dead letter{'' if self.dead_letters == 1 else 's'}"
        so_far = "so far " if self.answered and not self.complete else ""
        lines = [f"{windows} windows; {so_far}the log has {counts}; {letters}"]
        if not self.complete and not self.answered:
            lines.append(f"{self._unanswered()}; those of deleted records need another --session")
        if self.before:
            # A worker drops the frames of a session that it has processed, whatever they hold now.
            were = "1 record was" if self.before == 1 else f"{self.before} records were"
            lines.append(
                f"{were} there before and kept: to log anew, `log delete` and another --session"
            )
        return lines

    def _unanswered(self) -> str:
        if self.workers is None:
            return (
                f"nothing was logged within {ANSWER_S:.0f} s: the frames wait for a worker, or "
                "with it for what it lacks"
            )
        if not self.workers:
            return "no worker is in the group: the frames wait for one"
        names = ", ".join(self.workers)
        return (
            f"nothing was logged within {ANSWER_S:.0f} s, although {names} "
            f"{'is' if len(self.workers) == 1 else 'are'} in the group: `faust -A streams.app "
            "status` and /api/health there say what is behind and what it lacks"
        )


async def follow(
    published: PublishedWindows,
    log: LogIds,
    letters: Callable[[], Awaitable[Sequence[DeadLetter]]],
    *,
    before: Collection[str] = (),
    answer_s: float = ANSWER_S,
    most_s: float = MOST_S,
    poll_s: float = _POLL_S,
) -> ReplayOutcome:
    """Wait until the log has a record of each window, as long as records keep coming.

    `before` are ids of windows that had one before. Gives up `answer_s` after the last new record,
    and `most_s` after the start.
    """
    expected, clock = published.ids(), asyncio.get_running_loop().time
    began = last = clock()
    first = there = await _logged_ids(log, published, expected)
    while there != expected and clock() - last < answer_s and clock() - began < most_s:
        await asyncio.sleep(poll_s)
        now = await _logged_ids(log, published, expected)
        if now != there:
            last, there = clock(), now
    return ReplayOutcome(
        {kind: len(ids) for kind, ids in expected.items()},
        {kind: len(ids) for kind, ids in there.items()},
        count_letters(await letters(), published.sessions),
        there != first,
        sum(len(ids.intersection(before)) for ids in expected.values()),
    )


def count_letters(letters: Iterable[DeadLetter], sessions: Iterable[Session]) -> int:
    """Return the number of dead letters of these sessions, whose names are in their bytes."""
    names: dict[str, list[bytes]] = defaultdict(list)
    for device, session in sessions:
        names[device].append(session.encode())
    return sum(
        any(name in letter.value for name in names.get(letter.device_id, ())) for letter in letters
    )


async def _logged_ids(
    log: LogIds, published: PublishedWindows, expected: Mapping[WindowKind, set[str]]
) -> dict[WindowKind, set[str]]:
    ids: set[str] = set()
    for device, (from_ns, to_ns) in published.spans().items():
        ids |= await log.window_ids(device, from_ns, to_ns)
    return {kind: its & ids for kind, its in expected.items()}
