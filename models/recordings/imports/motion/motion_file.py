"""The content of a motion file: segments at one rate, in m/s² and rad/s."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from schemas.position import Position


@dataclass(frozen=True)
class Stretch:
    """Motion without a gap: `values` (N, 6) float32, acc xyz in m/s² and gyro xyz in rad/s.

    `offset_ns` counts from the file's first time; sample i is at `offset_ns + i / rate_hz`.
    """

    offset_ns: int
    rate_hz: float
    values: NDArray[np.float32] = field(repr=False)

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.values) / self.rate_hz


@dataclass(frozen=True)
class MotionFile:
    """One device's motion.

    `start_ns` is the UTC time of the first row, ns, or None if the file has its own clock;
    `first_ns` is then the first row on that clock (`time_s` 10 gives 10**10), else 0. Without a
    gyroscope its three columns are zero. `examples` lists the first skipped rows by line; `parts`
    are the files that were read, `path` the first of them; `position` is where the file says that
    the device was worn.
    """

    path: Path
    start_ns: int | None
    stretches: tuple[Stretch, ...]
    gyroscope: bool
    warnings: tuple[str, ...] = ()
    rows_left_out: dict[str, int] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    first_ns: int = 0
    parts: tuple[Path, ...] = ()
    position: Position | None = None

    @property
    def rate_hz(self) -> float:
        """Samples a second, the same in every segment."""
        return self.stretches[0].rate_hz

    def named_examples(self, name: str) -> list[str]:
        """Return the examples, each prefixed with its file's name; `name` if there is only one."""
        several = len(self.parts) > 1
        return [text if several else f"{name}: {text}" for text in self.examples]

    @property
    def seconds(self) -> float:
        """Duration of usable motion in seconds, over all segments."""
        return sum(stretch.seconds for stretch in self.stretches)
