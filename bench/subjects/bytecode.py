"""Compiling bytecode before measuring, as an installation by pip does.

uv leaves that to the first start, which writes none under `PYTHONDONTWRITEBYTECODE`: each cold
start would then mostly measure the compiler.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
WRITTEN = {"PYTHONDONTWRITEBYTECODE": ""}
"""Environment of a process that writes bytecode."""


@cache
def write_bytecode(modules: tuple[str, ...]) -> None:
    """Import modules once in a separate process; raises `CalledProcessError`."""
    command = [sys.executable, "-c", f"import {', '.join(modules)}"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **WRITTEN}, check=True)
