"""Bytecode of what is measured, as an installation by pip leaves it.

uv leaves it to the first start, which `PYTHONDONTWRITEBYTECODE` keeps from writing it: each cold
start would then be of the compiler, for longer than of the program.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
WRITTEN = {"PYTHONDONTWRITEBYTECODE": ""}
"""Environment of a process that writes the bytecode of what it imports."""


@cache
def write_bytecode(modules: tuple[str, ...]) -> None:
    """Import modules once in a process of its own; raises `CalledProcessError`."""
    command = [sys.executable, "-c", f"import {', '.join(modules)}"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **WRITTEN}, check=True)
