"""Results of windowing: the windows of a push, and the sessions that wait for a stream."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.frames import Modality
    from schemas.windows import Window

TokenT = TypeVar("TokenT")


@dataclass
class Windowed(Generic[TokenT]):
    """The results of one push, in the order in which they must be applied.

    The windows are published first, then the checkpoints are stored, then the tokens acknowledged.
    `counts` has keys (what, modality), where what is late_samples, reread_samples, duplicates,
    resets, overlaps, gap_ns, given_up or speech.
    """

    windows: list[Window] = field(default_factory=list)
    checkpoints: dict[str, bytes] = field(default_factory=dict)
    released: list[TokenT] = field(default_factory=list)
    counts: Counter[tuple[str, Modality]] = field(default_factory=Counter)

    def add(self, other: Windowed[TokenT]) -> None:
        """Append the results of a later push."""
        self.windows += other.windows
        self.checkpoints |= other.checkpoints
        self.released += other.released
        self.counts += other.counts


@dataclass(frozen=True)
class Waiting:
    """A session whose watermark does not advance, and the modalities it waits for.

    `session` is its name in window ids, `session_id` that of its frames. `behind_s` is the lag of
    each silent modality in seconds of event time.
    """

    device_id: str
    session: str
    session_id: str
    silent: tuple[Modality, ...]
    everything: tuple[Modality, ...]
    behind_s: Mapping[Modality, float] = field(default_factory=dict, compare=False)
