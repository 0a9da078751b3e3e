"""Which offsets of a partition may be committed: an unbroken run of acknowledged ones and holes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from faust.types import TP


class ContiguousOffsets:
    """By partition: the next offset to commit, and ranges without a message (begin → end)."""

    def __init__(self) -> None:
        self.uncommitted: dict[TP, int] = {}
        self.absent: dict[TP, dict[int, int]] = {}

    def start(self, tp: TP, first: int) -> None:
        """Commit a partition from offset `first` on; what was known of it is dropped."""
        self.absent[tp] = {}
        self.uncommitted[tp] = first

    def forget_holes(self, tp: TP) -> None:
        """Forget the holes of a partition that is revoked."""
        self.absent.pop(tp, None)

    def with_holes(self) -> Iterator[TP]:
        """Yield the partitions whose committed offset may move without an acknowledgement."""
        return (tp for tp, absent in self.absent.items() if absent)

    def add_hole(self, tp: TP, begin: int, end: int) -> None:
        """Take note that the offsets from `begin` to before `end` hold no message."""
        self.absent.setdefault(tp, {})[begin] = end

    def add_refused(self, tp: TP, offset: int) -> None:
        """Take note of a refused message, which is committed as a hole is."""
        absent = self.absent.setdefault(tp, {})
        # One range for a whole run: a device may send thousands.
        newest = next(reversed(absent), None)
        absent[offset if newest is None or absent[newest] != offset else newest] = offset + 1

    def advance(self, tp: TP, acknowledged: Container[int]) -> range:
        """Return the offsets that may be committed now, empty if there are none; they are done."""
        begin = self.uncommitted.get(tp)
        if begin is None:
            return range(0)
        absent, end = self.absent.get(tp, {}), begin
        while end in acknowledged or end in absent:
            end = absent[end] if end in absent else end + 1
        if end > begin:
            self.uncommitted[tp] = end
            for first in [first for first in absent if first < end]:
                del absent[first]
        return range(begin, end)
