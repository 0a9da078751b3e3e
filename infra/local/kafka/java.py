"""The programs that Apache Kafka needs: a recent Java, and Maven."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from infra.errors import BinaryMissingError

MIN_VERSION = 17
VERSION_TIMEOUT_S = 30.0


def find_program(name: str, package: str) -> Path:
    """Return the program `name` on PATH; raises `BinaryMissingError` naming Debian's package."""
    program = shutil.which(name)
    if program is None:
        raise BinaryMissingError(
            f"apache kafka needs {name}, which is not on PATH: install it (Debian: {package})"
        )
    return Path(program)


def find_java() -> Path:
    """Return Java's path; raises `BinaryMissingError` if it is missing or too old."""
    java = find_program("java", "default-jre-headless")
    output = subprocess.run(
        [java, "-version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT_S, check=False
    ).stderr
    # Before Java 9, versions began with 1, as in 1.8.0.
    version = re.search(r'version "(?:1\.)?(\d+)', output)
    if version is None or int(version[1]) < MIN_VERSION:
        first = output.partition("\n")[0].strip() or "nothing"
        raise BinaryMissingError(
            f"apache kafka needs Java {MIN_VERSION} or later, but {java} says {first!r}"
        )
    return java
