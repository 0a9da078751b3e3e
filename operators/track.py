"""One stream of one session: its sequence numbers, its clock and its progress."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Literal

Verdict = Literal["new", "duplicate", "sequence_reset", "clock_reset"]

# A producer that retries after a time-out repeats only frames in flight, which are far fewer.
_REMEMBERED_FRAMES = 512
_REMEMBERED_WHEN_ENDED = 16


@dataclass
class Track:
    """The state of one modality of a session.

    `newest_ns` is the end of its newest sample. A track is `final` after its last frame, or after a
    frame in a later session of its device (`ended_by_later`), and `given_up` while it is no longer
    waited for, until a new frame. `run` is number and start of the newest frame before which no
    number is missing, `ahead` those beyond a missing one.
    """

    newest_ns: int | None = None
    newest_seq: int = -1
    final: bool = False
    ended_by_later: bool = False
    given_up: bool = False
    seen: OrderedDict[int, int] = field(default_factory=OrderedDict)
    run: tuple[int, int] | None = None
    run_began_ns: int = 0
    ahead: list[tuple[int, int]] = field(default_factory=list)

    def judge(self, seq: int, t_ns: int, tolerance_ns: int) -> Verdict:
        """Classify a frame by its sequence number and start time alone."""
        if self.newest_ns is None:
            return "new"
        seen_at = self.seen.get(seq)
        if seen_at == t_ns:
            return "duplicate"
        if seq <= self.newest_seq and (seen_at is not None or t_ns >= self.newest_ns):
            # An old number at a new time: the device has restarted its numbering.
            return "sequence_reset" if t_ns >= self.newest_ns - tolerance_ns else "clock_reset"
        if seq > self.newest_seq and t_ns < self.newest_ns - tolerance_ns:
            return "clock_reset"
        return "new"

    def accept(self, seq: int, t_ns: int, end_ns: int) -> None:
        """Add a frame that was judged new."""
        self.given_up = False
        self.seen[seq] = t_ns
        while len(self.seen) > _REMEMBERED_FRAMES:
            self.seen.popitem(last=False)
        self.newest_seq = max(self.newest_seq, seq)
        self.newest_ns = end_ns if self.newest_ns is None else max(self.newest_ns, end_ns)
        if self.run is None:
            self.run, self.run_began_ns = (seq, t_ns), t_ns
        elif seq > self.run[0]:
            heappush(self.ahead, (seq, t_ns))

    def advance_watermark(self, lateness_ns: int) -> int:
        """Advance over the frames that need not be waited for; return the watermark, ns.

        That is the event time before which nothing more is waited for. If no number is missing,
        nothing can be late. Missing frames, and those possibly sent before the first frame that
        arrived, are waited for until the newest sample is `lateness_ns` past the frame that follows
        them.
        """
        trailing = (self.newest_ns or 0) - lateness_ns
        if self.run is None:
            return trailing
        number, start_ns = self.run
        while self.ahead and (self.ahead[0][0] <= number + 1 or self.ahead[0][1] <= trailing):
            number, next_ns = heappop(self.ahead)
            start_ns = max(start_ns, next_ns)
        self.run = number, start_ns
        return max(trailing, start_ns) if self.run_began_ns <= trailing else trailing

    def forget_old_frames(self) -> None:
        """Keep only the latest few frames: a stream that ended repeats at most its last ones."""
        if len(self.seen) > _REMEMBERED_WHEN_ENDED:
            # A new dictionary, because one that has shrunk keeps its memory.
            self.seen = OrderedDict(list(self.seen.items())[-_REMEMBERED_WHEN_ENDED:])

    def restart_sequence(self) -> None:
        """Drop the sequence numbers: the device has restarted its numbering."""
        self.seen.clear()
        self.newest_seq = -1
        self.run = None
        self.ahead.clear()
