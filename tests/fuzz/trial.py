"""One case: it is read, or refused by an error with a name, in time and without much memory."""

from __future__ import annotations

import time
import tracemalloc
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

MAX_BYTES = 64_000_000
# Of this process's own CPU: others may hold the cores.
MAX_CPU_S = 0.5
_SHOWN = 3


@dataclass(frozen=True)
class Target:
    """Something that reads: `examples` are good, `mutate` makes others of them.

    `refuses` are the errors that it may raise. `weight` is its share of the cases.
    """

    name: str
    examples: Sequence[bytes]
    mutate: Callable[[bytes, Sequence[bytes], Random], bytes]
    read: Callable[[bytes], object]
    refuses: tuple[type[BaseException], ...]
    weight: float = 1.0


@dataclass
class Report:
    """What one target's cases gave; `faults` are the first of each kind."""

    name: str
    cases: int = 0
    refused: int = 0
    untyped: int = 0
    large: int = 0
    slow: int = 0
    largest_bytes: int = 0
    longest_s: float = 0.0
    faults: dict[str, bytes] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.untyped or self.large or self.slow)

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.cases} cases, {self.refused} refused, {self.untyped} untyped "
            f"errors, {self.large} above 64 MB (most {self.largest_bytes / 1e6:.1f}), "
            f"{self.slow} above {MAX_CPU_S:g} s (most {self.longest_s:.2f})"
        )


def run(target: Target, cases: int, chance: Random) -> Report:
    """Read mutated examples; the memory is what Python and numpy allocate at a time."""
    report = Report(target.name)
    began_tracing = not tracemalloc.is_tracing()
    if began_tracing:
        tracemalloc.start()
    try:
        for _ in range(cases):
            data = target.mutate(chance.choice(target.examples), target.examples, chance)
            _try(target, data, report)
    finally:
        if began_tracing:
            tracemalloc.stop()
    return report


def _try(target: Target, data: bytes, report: Report) -> None:
    report.cases += 1
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    began = time.process_time()
    try:
        target.read(data)
    except target.refuses:
        report.refused += 1
    except Exception as error:  # noqa: BLE001 - what is looked for
        report.untyped += 1
        _note(report, f"{type(error).__name__}: {error!s:.300}", data)
    took_s = time.process_time() - began
    used = tracemalloc.get_traced_memory()[1] - before
    report.largest_bytes = max(report.largest_bytes, used)
    if took_s > MAX_CPU_S and (took_s := _untraced_s(target, data)) > MAX_CPU_S:
        report.slow += 1
        _note(report, f"took {took_s:.2f} s", data)
    report.longest_s = max(report.longest_s, took_s)
    if used > MAX_BYTES:
        report.large += 1
        _note(report, f"allocated {used / 1e6:.0f} MB", data)


def _untraced_s(target: Target, data: bytes) -> float:
    """Return how long it takes where nobody counts what is allocated."""
    tracemalloc.stop()
    began = time.process_time()
    with suppress(Exception):
        target.read(data)
    took_s = time.process_time() - began
    tracemalloc.start()
    return took_s


def _note(report: Report, what: str, data: bytes) -> None:
    if len(report.faults) < _SHOWN:
        report.faults.setdefault(what, data)
