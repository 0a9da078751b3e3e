"""The latest estimates of a session as numbers, for a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas import ScenarioEstimate


def estimates_after(
    memory: Sequence[float], estimate: ScenarioEstimate, length_s: float
) -> tuple[float, ...]:
    """Return the memory after one more estimate: those that start within `length_s` of its start.

    The memory begins with the number of scenarios. An unknown estimate is not added; one with
    another number of scenarios starts a new memory.
    """
    if estimate.unknown:
        return tuple(memory)
    start_s = estimate.start_ns / NS
    values = [estimate.scenarios[name] for name in sorted(estimate.scenarios)]
    rows = [row for row in _rows(memory, len(values)) if start_s - length_s < row[0] < start_s]
    return (float(len(values)), *(number for row in (*rows, (start_s, *values)) for number in row))


def recent_estimates(
    memory: Sequence[float], names: Sequence[str]
) -> list[tuple[float, Mapping[str, float]]]:
    """Return each remembered estimate's start, s, and its probabilities of `names`, in order."""
    return [
        (row[0], dict(zip(sorted(names), row[1:], strict=True)))
        for row in _rows(memory, len(names))
    ]


def _rows(memory: Sequence[float], names: int) -> list[tuple[float, ...]]:
    if not memory or memory[0] != names:
        return []
    width = names + 1
    return [tuple(memory[at : at + width]) for at in range(1, len(memory), width)]
