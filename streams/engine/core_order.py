"""In which order workers take the cores of a machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_CPUS = Path("/sys/devices/system/cpu")
# Where Linux tells how fast a core is, in units of its own; only the first of them is.
_SPEEDS = ("cpu_capacity", "cpufreq/cpuinfo_max_freq")


def in_order(cores: Collection[int], cpus: Path = _CPUS) -> list[int]:
    """Return cores in the order in which workers take them.

    The second thread of a core comes after all first ones, and a slow core after the fast ones. Of
    equal ones the highest comes first, because interrupts mostly go to the lowest. A machine that
    does not tell has equal cores.
    """

    def rank(core: int) -> tuple[int, int, int]:
        cpu = cpus / f"cpu{core}"
        siblings = _listed(_read(cpu / "topology/thread_siblings_list")) & set(cores)
        return sum(other > core for other in siblings), -_speed(cpu), -core

    return sorted(cores, key=rank)


def _speed(cpu: Path) -> int:
    told = (_read(cpu / name).strip() for name in _SPEEDS)
    return next((int(value) for value in told if value.isdecimal()), 0)


def _listed(text: str) -> set[int]:
    """Return the numbers of a list such as "0-1,8"; none of what is no list."""
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
