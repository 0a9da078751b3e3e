"""The order in which workers claim the cores of a machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_CPUS = Path("/sys/devices/system/cpu")
# Files in which Linux reports a core's speed; the first that exists counts. Units differ.
_SPEEDS = ("cpu_capacity", "cpufreq/cpuinfo_max_freq")


def in_order(cores: Collection[int], cpus: Path = _CPUS) -> list[int]:
    """Return cores in the order in which workers claim them.

    Second hardware threads come after all first ones, slow cores after fast ones. Among equals the
    highest number comes first, because interrupts mostly go to the lowest. Without the kernel's
    files all cores count as equal.
    """

    def rank(core: int) -> tuple[int, int, int]:
        cpu = cpus / f"cpu{core}"
        siblings = _parse_cores(_read(cpu / "topology/thread_siblings_list")) & set(cores)
        return sum(other > core for other in siblings), -_speed(cpu), -core

    return sorted(cores, key=rank)


def _speed(cpu: Path) -> int:
    values = (_read(cpu / name).strip() for name in _SPEEDS)
    return next((int(value) for value in values if value.isdecimal()), 0)


def _parse_cores(text: str) -> set[int]:
    """Return the numbers of a list such as "0-1,8", without its malformed parts."""
    numbers: set[int] = set()
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        if first.isdecimal() and (last or first).isdecimal():
            numbers.update(range(int(first), int(last or first) + 1))
    return numbers


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
