"""What a fault cost: the result of a trial."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """The result of a trial: changed records, of `expected`, and side effects.

    `silence_s` is the longest time for which a wearer had no new record while one was due; `p99_ms`
    is the latency of spatial records after the frame that closes their window. `letters` counts
    dead letters, `restarts` workers that exited by themselves.
    """

    fault: str
    expected: int
    missing: int
    extra: int
    different: int
    duplicates: int
    silence_s: float
    p99_ms: float | None
    letters: int
    restarts: int
    lasted_s: float
    notes: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    @property
    def is_unchanged(self) -> bool:
        """Whether the log equals the calm run's."""
        return not (self.missing or self.extra or self.different or self.letters)


def longest_silence(records: dict[str, float]) -> float:
    """Return the longest time between two records of a wearer, s, by window's id and arrival."""
    by_device: dict[str, list[float]] = defaultdict(list)
    for window, at in records.items():
        by_device[window.partition("/")[0]].append(at)
    gaps = [
        later - earlier
        for times in by_device.values()
        for earlier, later in zip(sorted(times), sorted(times)[1:], strict=False)
    ]
    return max(gaps, default=float("nan"))
