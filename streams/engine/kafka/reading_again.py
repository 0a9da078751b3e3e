"""From where partitions are read again whose commits the store does not reach.

A frame's offset is committed once all that follows from it is published and stored. A store that
lost its last writes has older checkpoints than that, and going on from the commits would lose what
lies between. The store says itself how far it reaches (`infra.redis.stored_offsets`), so the
partitions are read from there: what was published comes out again with the same ids.

Frames that the broker deleted meanwhile cannot be read again. All their windows were published
before, so what was learned from them for later windows is the only loss: the windows of frames that
were committed are computed, to learn from them, and not published a second time with less.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from faust.types import TP


@dataclass(frozen=True)
class ReadingAgain:
    """Where to begin instead of at the commit, by partition.

    `again`: number of messages between. `gone`: number of messages that the broker no longer has.
    `empty`: whether the store has no offsets at all. `published`: the commits of partitions without
    the state of before `starts`; all windows of the frames before them are published.
    """

    starts: dict[TP, int] = field(default_factory=dict)
    again: int = 0
    gone: int = 0
    empty: bool = False
    published: dict[TP, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.starts)

    @property
    def line(self) -> str:
        """What is said of it, in one line."""
        number = len(self.starts)
        where = f"{self.again} messages of {number} partitions are read again"
        lost = (
            f"; {self.gone} more are no longer in the broker: what was learned from them is lost"
            if self.gone
            else ""
        )
        if self.empty:
            return (
                f"the store has lost its checkpoints: {where}{lost}; "
                "`faust -A streams.app log rebuild` brings the log's records back"
            )
        return f"the store lost its latest writes: {where}{lost}"


def reading_again(
    committed: Mapping[TP, int],
    stored: Mapping[TP, int],
    beginnings: Mapping[TP, int],
    frame_topics: Collection[str],
) -> ReadingAgain:
    """Return from where to read the partitions whose commits the store does not reach.

    `committed` holds partitions whose commits were stored first. A partition without a stored
    offset is read from its beginning. If none has one, the store is empty: records, which `log
    rebuild` reads better than a worker that would refine and notify of them once more, are not.
    """
    starts: dict[TP, int] = {}
    published: dict[TP, int] = {}
    again = gone = 0
    for tp, commit in committed.items():
        reached = stored.get(tp, 0 if stored or tp.topic in frame_topics else commit)
        if reached >= commit:
            continue
        start = min(max(reached, beginnings.get(tp, 0)), commit)
        starts[tp] = start
        again += commit - start
        gone += start - reached
        if tp.topic in frame_topics and (tp not in stored or start > reached):
            published[tp] = commit
    return ReadingAgain(starts, again, gone, not stored and bool(starts), published)
