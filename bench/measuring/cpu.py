"""CPU time and memory of other processes, by thread, from Linux's /proc."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")
ENDED = "ended threads"


@dataclass(frozen=True)
class CpuTime:
    """CPU seconds of a set of processes, in total and by thread name.

    Time of threads that have ended meanwhile is counted as `ENDED`.
    """

    total_s: float
    threads_s: dict[str, float]

    def since(self, earlier: CpuTime) -> CpuTime:
        """Return the difference to an earlier reading of the same processes."""
        names = self.threads_s.keys() | earlier.threads_s.keys()
        spent = {n: self.threads_s.get(n, 0.0) - earlier.threads_s.get(n, 0.0) for n in names}
        return CpuTime(
            self.total_s - earlier.total_s, {n: s for n, s in spent.items() if s > _TICK_S / 2}
        )


def cpu_time(pids: Iterable[int]) -> CpuTime:
    """Return the CPU time of live processes; raises `FileNotFoundError` if one has ended."""
    total_s, threads = 0.0, defaultdict[str, float](float)
    for pid in pids:
        own_s = _process_s(pid)
        by_thread = _threads_s(pid)
        for name, seconds in by_thread.items():
            threads[name] += seconds
        threads[ENDED] += max(0.0, own_s - sum(by_thread.values()))
        total_s += own_s
    return CpuTime(total_s, dict(threads))


def resident_mb(pid: int) -> float:
    """Return a process's resident memory, MB."""
    return _resident_kb(pid, "VmRSS") / 1_024


def _process_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def _threads_s(pid: int) -> dict[str, float]:
    threads = defaultdict[str, float](float)
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            name = (task / "comm").read_text(encoding="utf-8").strip()
            on_cpu_ns = int((task / "schedstat").read_text(encoding="utf-8").split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue
        threads["main" if task.name == str(pid) else name] += on_cpu_ns / 1e9
    return threads


def _resident_kb(pid: int, field: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1])
