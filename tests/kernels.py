"""Run the tests with each kind of CPU kernel that numpy and torch select by processor.

    python -m tests.kernels [PYTEST ARGUMENTS]

Results must not depend on the processor, although kernels differ in the last bits. Settings that
this processor does not support are skipped and listed; the exit status is 0 only if the tests pass
with all others.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Setting:
    """An environment variable that selects kernels, and the instructions that they need."""

    variable: str
    value: str
    needs: frozenset[str]

    def __str__(self) -> str:
        return f"{self.variable}={self.value}"


AVX2 = frozenset({"avx2", "fma"})
AVX512 = AVX2 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
SETTINGS = (
    Setting("OPENBLAS_CORETYPE", "SkylakeX", AVX512),
    Setting("OPENBLAS_CORETYPE", "Haswell", AVX2),
    Setting("ATEN_CPU_CAPABILITY", "avx2", AVX2),
    Setting("ATEN_CPU_CAPABILITY", "default", frozenset()),
)


def instructions(cpuinfo: str) -> frozenset[str]:
    """Return the extensions that every core has, from the text of /proc/cpuinfo."""
    flags = [
        frozenset(line.partition(":")[2].split())
        for line in cpuinfo.splitlines()
        if line.startswith("flags")
    ]
    return frozenset.intersection(*flags) if flags else frozenset()


def environment(setting: Setting) -> dict[str, str]:
    """Return this process's environment with only this setting."""
    others = {other.variable for other in SETTINGS}
    kept = {key: value for key, value in os.environ.items() if key not in others}
    return kept | {setting.variable: setting.value}


def main(arguments: list[str]) -> int:
    """Run pytest with each setting and print the outcomes."""
    has = instructions(Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    outcomes: dict[Setting, str] = {}
    failed = False
    for setting in SETTINGS:
        missing = sorted(setting.needs - has)
        if missing:
            outcomes[setting] = f"not run: this processor has no {', '.join(missing)}"
            continue
        print(f"--- {setting}", flush=True)
        command = [sys.executable, "-m", "pytest", *arguments]
        status = subprocess.run(command, env=environment(setting), check=False).returncode
        failed = failed or status != 0
        outcomes[setting] = "passed" if status == 0 else f"failed: pytest ended with {status}"
    for setting, outcome in outcomes.items():
        print(f"{setting!s:32} {outcome}")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
