from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.needed import need, need_redis

if TYPE_CHECKING:
    from pathlib import Path

TLS = 'echo "Configured to not listen anywhere, exiting."'
NO_TLS = 'echo "Bad directive or wrong number of arguments: tls-port"'


def redis_server(folder: Path, does: str) -> Path:
    folder.mkdir()
    program = folder / "redis-server"
    program.write_text(f"#!/bin/sh\n{does}\nexit 1\n")
    program.chmod(0o700)
    return program


def test_a_redis_without_tls_that_is_first_on_path_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = [redis_server(tmp_path / "scripts", NO_TLS), redis_server(tmp_path / "system", TLS)]
    monkeypatch.setenv("PATH", os.pathsep.join(str(server.parent) for server in servers))
    assert need("redis-server", "redis-server") == str(servers[0])
    assert need_redis() == str(servers[1])


@pytest.mark.parametrize(
    ("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)]
)
def test_without_a_redis_that_has_tls_a_test_is_skipped_or_fails_in_ci(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    redis_server(tmp_path / "scripts", NO_TLS)
    monkeypatch.setenv("PATH", str(tmp_path / "scripts"))
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="needs redis-server with TLS"):
        need_redis()
