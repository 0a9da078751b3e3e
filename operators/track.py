"""One stream of one session: its sequence numbers, its clock and how far it has come."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Literal

Verdict = Literal["new", "duplicate", "sequence_reset", "clock_reset"]

# A producer that sends again after a time-out repeats what was in flight, which is far less.
_REMEMBERED_FRAMES = 512
_REMEMBERED_WHEN_ENDED = 16


@dataclass
class Track:
    """What is known of one modality of a session.

    `newest_ns` is the end of its newest sample. A track is `final` once its last frame was seen or
    it has spoken in a later session of its device, which `ended_by_later` says, and `given_up`
    while nobody waits for it any more; a new frame takes that back. `run` is number and start of
    the newest frame before which no number is missing, `ahead` those beyond a missing one.
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
        """Say what a frame is, by its sequence number and start time alone."""
        if self.newest_ns is None:
            return "new"
        seen_at = self.seen.get(seq)
        if seen_at == t_ns:
            return "duplicate"
        if seq <= self.newest_seq and (seen_at is not None or t_ns >= self.newest_ns):
            # An old number on a new moment: the device counts from the start again.
            return "sequence_reset" if t_ns >= self.newest_ns - tolerance_ns else "clock_reset"
        if seq > self.newest_seq and t_ns < self.newest_ns - tolerance_ns:
            return "clock_reset"
        return "new"

    def accept(self, seq: int, t_ns: int, end_ns: int) -> None:
        """Take note of a frame that was judged new."""
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

    def watermark(self, lateness_ns: int) -> int:
        """Return the event time before which nothing more is waited for.

        Where no number is missing nothing can be late. What is missing, and what may have been sent
        before the first frame that came, is waited for until the newest sample is `lateness_ns`
        past the frame that follows it.
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
        """Keep the latest few frames alone: a stream that ended repeats at most its last ones."""
        if len(self.seen) > _REMEMBERED_WHEN_ENDED:
            # Made anew: a dictionary that has shrunk keeps its room.
            self.seen = OrderedDict(list(self.seen.items())[-_REMEMBERED_WHEN_ENDED:])

    def restart_sequence(self) -> None:
        """Forget the sequence numbers: the device counts from the start again."""
        self.seen.clear()
        self.newest_seq = -1
        self.run = None
        self.ahead.clear()
