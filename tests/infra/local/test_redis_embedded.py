from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from infra.errors import ServiceError
from infra.local import redis_embedded, redis_program
from infra.local.probe import port_is_free, redis_answers
from infra.local.redis_embedded import EmbeddedRedis, discard


def test_what_is_set_can_be_read(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.set("greeting", b"hello")
        assert redis.get("greeting") == b"hello"


@pytest.mark.usefixtures("real_redis")
def test_it_listens_on_loopback_only_and_writes_each_command_to_disk(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        assert redis.config_get("bind")["bind"] == "127.0.0.1"
        assert redis.config_get("save")["save"] == ""
        assert redis.config_get("appendonly")["appendonly"] == "yes"
        assert redis.config_get("appendfsync")["appendfsync"] == "always"


@pytest.mark.usefixtures("real_redis")
def test_what_was_written_is_there_after_a_restart(run_dir: Path) -> None:
    with EmbeddedRedis(run_dir) as server, Redis.from_url(server.url) as redis:
        redis.hset("log", mapping={f"window {i}": f"record {i}" for i in range(100)})
    with EmbeddedRedis(run_dir) as server, Redis.from_url(server.url) as redis:
        assert redis.hlen("log") == 100
        assert redis.hget("log", "window 99") == b"record 99"


@pytest.mark.usefixtures("real_redis")
def test_what_was_answered_is_there_after_a_kill(run_dir: Path) -> None:
    server = EmbeddedRedis(run_dir)
    with Redis.from_url(server.start()) as redis:
        for number in range(200):
            redis.rpush("log", number)
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
    server.stop()
    with EmbeddedRedis(run_dir) as again, Redis.from_url(again.url) as redis:
        assert redis.lrange("log", 0, -1) == [str(number).encode() for number in range(200)]


OWNER = """
import sys, time
from pathlib import Path
from infra.local.redis_embedded import EmbeddedRedis
server = EmbeddedRedis(Path(sys.argv[1]))
print(server.start(), flush=True)
time.sleep(600)
"""


@pytest.mark.usefixtures("real_redis")
@pytest.mark.skipif(sys.platform != "linux", reason="needs linux: PR_SET_PDEATHSIG")
def test_what_was_answered_is_there_after_a_kill_of_its_owner(run_dir: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(run_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        with Redis.from_url(owner.stdout.readline().strip()) as redis:
            redis.set("log", "kept")
        owner.kill()
    # It starts although the killed one may still be about to end.
    with EmbeddedRedis(run_dir) as again, Redis.from_url(again.url) as redis:
        assert redis.get("log") == b"kept"


@pytest.mark.usefixtures("real_redis")
def test_a_tail_that_was_cut_costs_no_more_than_itself(run_dir: Path) -> None:
    with EmbeddedRedis(run_dir) as server, Redis.from_url(server.url) as redis:
        redis.set("whole", 1)
        redis.set("cut", 1)
    newest = max((run_dir / "redis").rglob("*.aof"), key=lambda path: path.stat().st_size)
    newest.write_bytes(newest.read_bytes()[:-3])
    with EmbeddedRedis(run_dir) as server, Redis.from_url(server.url) as redis:
        assert redis.get("whole") == b"1"
        assert redis.get("cut") is None


@pytest.mark.usefixtures("real_redis")
def test_two_servers_never_write_to_one_folder(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_embedded, "_LOCK_TIMEOUT_S", 0.1)
    with EmbeddedRedis(run_dir) as server:
        with pytest.raises(ServiceError) as caught:
            EmbeddedRedis(run_dir).start()
        with pytest.raises(ServiceError, match=rf"pid {server.pid}"):
            discard(run_dir)
        assert str(caught.value) == (
            f"embedded redis cannot use {run_dir / 'redis'}: another one (pid {server.pid}) runs "
            "on it; end it, or set EGOLOG_RUN_DIR to another folder"
        )


def test_what_was_discarded_is_gone(run_dir: Path) -> None:
    discard(run_dir)
    assert not run_dir.exists()
    with EmbeddedRedis(run_dir) as server, Redis.from_url(server.url) as redis:
        redis.set("log", 1)
    discard(run_dir)
    with EmbeddedRedis(run_dir) as server, Redis.from_url(server.url) as redis:
        assert redis.get("log") is None


def test_without_a_program_a_server_in_python_serves_and_says_that_it_keeps_nothing(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fakeredis")
    monkeypatch.setattr(redis_program, "_on_path", _no_path)
    monkeypatch.setattr(redis_program, "_bundled_program", _no_path)
    with EmbeddedRedis(run_dir) as server, Redis.from_url(server.url) as redis:
        redis.set("bytes", bytes(range(256)))
        assert redis.get("bytes") == bytes(range(256))
        assert redis.eval("return redis.call('INCR', KEYS[1])", 1, "count") == 1
        assert server.limits is not None
        assert "in memory until this process ends" in server.limits
    assert not (run_dir / "redis").exists()


def test_it_answers_once_it_has_started_and_leaves_its_port(run_dir: Path) -> None:
    with EmbeddedRedis(run_dir) as server:
        port = int(server.url.removesuffix("/0").rpartition(":")[2])
        assert redis_answers(port)
    assert port_is_free(port)


def test_a_relative_run_folder_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with EmbeddedRedis(Path(".run")) as server, Redis.from_url(server.url) as redis:
        assert redis.ping()
    assert (tmp_path / ".run" / "redis.log").is_file()


def _no_path() -> Path | None:
    return None
