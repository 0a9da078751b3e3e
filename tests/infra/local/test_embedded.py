from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from infra.errors import BinaryMissingError
from infra.local.embedded import (
    RECORD,
    EmbeddedServices,
    Running,
    broker_life,
    find_running,
    forget,
    record,
)
from infra.local.probe import free_port, kafka_answers, redis_answers
from infra.settings import Settings, load

if TYPE_CHECKING:
    from pathlib import Path

    from infra.local.redis_program import RedisProgram


@pytest.fixture
def settings(run_dir: Path) -> Settings:
    return load(env_file=None, run_dir=run_dir, broker_url="embedded://", redis_url="embedded://")


def ports(settings: Settings) -> tuple[int, int]:
    broker = settings.broker_url.rpartition(":")[2]
    redis = settings.redis_url.removesuffix("/0").rpartition(":")[2]
    return int(broker), int(redis)


def test_embedded_urls_become_running_services_and_end_on_leaving(settings: Settings) -> None:
    with EmbeddedServices(settings) as real:
        broker, redis = ports(real)
        assert kafka_answers(broker)
        assert redis_answers(redis)
        running = find_running(settings.run_dir)
        assert running is not None
        assert running == Running(real.broker_url, real.redis_url, os.getpid(), running.broker_life)
    assert not kafka_answers(broker)
    assert not redis_answers(redis)
    assert find_running(settings.run_dir) is None
    assert not (settings.run_dir / RECORD).exists()


def test_a_second_command_finds_the_first_ones_services_and_leaves_them_running(
    settings: Settings,
) -> None:
    with EmbeddedServices(settings) as first:
        with EmbeddedServices(settings) as second:
            assert (second.broker_url, second.redis_url) == (first.broker_url, first.redis_url)
        assert kafka_answers(ports(first)[0])
        assert find_running(settings.run_dir) is not None


def test_given_urls_are_left_alone_and_start_nothing(settings: Settings) -> None:
    given = settings.model_copy(
        update={"broker_url": "kafka://kafka:9092", "redis_url": "redis://redis:6379"}
    )
    with EmbeddedServices(given) as real:
        assert real == given
    assert not given.run_dir.exists()


def test_only_the_embedded_one_of_the_two_is_started(settings: Settings) -> None:
    given = settings.model_copy(update={"broker_url": "kafka://kafka:9092"})
    with EmbeddedServices(given) as real:
        assert real.broker_url == "kafka://kafka:9092"
        assert find_running(given.run_dir) == Running(None, real.redis_url, os.getpid())


@pytest.mark.usefixtures("real_redis")
def test_the_brokers_limits_are_said_once_where_it_starts(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with EmbeddedServices(settings), EmbeddedServices(settings):
        pass
    assert caplog.messages == [
        "the embedded broker keeps topics in memory until this process ends, and ignores "
        "retention and compaction: `make kafka` and EGOLOG_BROKER_URL keep them on disk"
    ]


def test_each_life_of_the_broker_is_another_and_a_kafka_has_none(settings: Settings) -> None:
    lives = []
    for _ in range(2):
        with EmbeddedServices(settings) as real:
            lives.append(broker_life(real))
            with EmbeddedServices(settings) as second:
                assert broker_life(second) == lives[-1]
            kafka = real.model_copy(update={"broker_url": "kafka://kafka:9092"})
            assert broker_life(kafka) is None
    assert None not in lives
    assert lives[0] != lives[1]
    assert broker_life(settings) is None


def test_when_the_second_service_cannot_start_the_first_is_ended(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> RedisProgram:
        raise BinaryMissingError("no redis here")

    monkeypatch.setattr("infra.local.redis_embedded.find_redis", missing)
    embedded = EmbeddedServices(settings)
    with pytest.raises(BinaryMissingError):
        embedded.start()
    log = (settings.run_dir / "broker.log").read_text()
    port = int(log.partition("listening on: tcp://127.0.0.1:")[2].split()[0])
    assert not kafka_answers(port)
    assert find_running(settings.run_dir) is None


def test_a_record_of_a_dead_owner_is_none(run_dir: Path, broker_url: str) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as owner:
        owner.wait()
    record(run_dir, Running(broker_url, None, owner.pid))
    assert find_running(run_dir) is None


def test_a_record_of_a_closed_port_is_none(run_dir: Path) -> None:
    record(run_dir, Running(f"kafka://127.0.0.1:{free_port()}", None, os.getpid()))
    assert find_running(run_dir) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', "null"])
def test_a_damaged_record_is_none(run_dir: Path, text: str) -> None:
    run_dir.mkdir()
    (run_dir / RECORD).write_text(text)
    assert find_running(run_dir) is None


@pytest.mark.parametrize("pid", ["1", 0, -1, None, 1.5])
def test_a_record_whose_pid_is_none_of_a_process_is_none(run_dir: Path, pid: object) -> None:
    run_dir.mkdir()
    fields = {"broker_url": None, "redis_url": None, "pid": pid}
    (run_dir / RECORD).write_text(json.dumps(fields))
    assert find_running(run_dir) is None


def test_only_the_owner_forgets_a_record(run_dir: Path) -> None:
    record(run_dir, Running(None, None, os.getppid()))
    forget(run_dir)
    assert (run_dir / RECORD).exists()
