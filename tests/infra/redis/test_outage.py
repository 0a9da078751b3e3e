from __future__ import annotations

import asyncio
import shutil
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import pytest
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ConnectionError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,
    WatchError,
)

from infra.daily_log.store import LogStore
from infra.device_state.checkpoints import Checkpoints, OwnedCheckpoints
from infra.errors import StoreError
from infra.redis.client import connect
from infra.redis.outage import CODES, OutageRetry, cause, passes
from infra.redis.sentinels import NoPrimaryError
from infra.settings import load
from tests.conftest import debian_redis
from tests.streams.synthetic_log import PLAN, day

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


def in_pipeline(text: str, command: str = "SET k v") -> ResponseError:
    """Return an error as the client annotates it for a command of a pipeline."""
    error = ResponseError(text)
    Pipeline.annotate_exception(Pipeline.__new__(Pipeline), error, 1, command.encode().split(b" "))
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectionError("gone"), True),
        (TimeoutError("Timeout reading"), True),
        (BusyLoadingError("Redis is loading the dataset in memory", status_code="LOADING"), True),
        (OutOfMemoryError("command not allowed", status_code="OOM"), True),
        (ResponseError("MISCONF Redis is configured to save RDB snapshots"), True),
        (in_pipeline("BUSY Redis is busy running a script."), True),
        (in_pipeline("ERR syntax error", "SET k OOM"), False),
        (ResponseError("WRONGTYPE Operation against a key"), False),
        (NoScriptError("No matching script", status_code="NOSCRIPT"), False),
        (AuthenticationError("invalid password", status_code="WRONGPASS"), False),
        (WatchError("Watched variable changed."), False),
        (ValueError("OOM"), False),
    ],
)
def test_what_passes_by_itself_is_told_from_what_stays_wrong(
    error: Exception, expected: bool
) -> None:
    assert passes(error) is expected


@pytest.mark.parametrize("code", sorted(CODES - {"LOADING"}))
def test_a_refusal_is_one_line_with_its_code(code: str) -> None:
    assert cause(ResponseError(f"{code} not now,\r\n but later.")) == (
        f"refuses: {code} not now, but later"
    )
    assert cause(in_pipeline(f"{code} You can't.", "SET k\r\n v")) == f"refuses: {code} You can't"
    assert cause(ReadOnlyError("You can't write.", status_code=code)) == (
        f"refuses: {code} You can't write"
    )


def test_what_does_not_answer_is_named_even_where_it_says_nothing() -> None:
    assert cause(ConnectionError("Connection refused.")) == "does not answer: Connection refused"
    assert cause(TimeoutError()) == "does not answer: TimeoutError"


def test_a_script_that_was_refused_is_said_without_its_number() -> None:
    tail = f"script: {'68b3' * 10}, on @user_script:9."
    full = OutOfMemoryError(f"command not allowed when used memory. {tail}", status_code="OOM")
    assert cause(full) == "refuses: OOM command not allowed when used memory"


def untrusted() -> ConnectionError:
    """Return the client's error of a server whose certificate has expired."""
    reason = ssl.SSLCertVerificationError(1, "certificate verify failed")
    reason.verify_code, reason.verify_message = 10, "certificate has expired"
    error = ConnectionError("Error 1 connecting to 127.0.0.1:6379.")
    error.__cause__ = reason
    return error


async def test_a_server_that_comes_back_with_an_expired_certificate_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    retry = OutageRetry("redis at x")
    call = Flaky(ConnectionError("gone"), untrusted(), untrusted(), ConnectionError("gone"))
    assert await retry.call_with_retry(call, call.fail) == "answer"
    first, certificate, last = caplog.messages
    assert first == "redis at x does not answer: gone; trying again for up to 60 s"
    assert certificate == (
        "redis at x is not trusted (certificate has expired): expected one that is valid now; "
        "trying again for up to 60 s"
    )
    assert last.startswith("redis at x answers again, after ")


async def test_a_server_that_comes_back_and_refuses_is_said_to_refuse(
    caplog: pytest.LogCaptureFixture,
) -> None:
    retry = OutageRetry("redis at x")
    full = OutOfMemoryError("command not allowed", status_code="OOM")
    call, told = Flaky(ConnectionError("gone"), full, full), []

    async def fail(_: object) -> None:
        told.append(retry.outage)

    assert await retry.call_with_retry(call, fail) == "answer"
    away = "redis at x does not answer: gone"
    refuses = "redis at x refuses: OOM command not allowed"
    assert told == [away, refuses, refuses]
    assert caplog.messages[:-1] == [f"{away}; trying again for up to 60 s"]


async def test_sentinels_that_name_no_primary_are_said_with_what_each_lacks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    retry, gone = OutageRetry("redis at x"), ConnectionError("gone.")
    call = Flaky(
        NoPrimaryError("main", {"a:1": gone, "b:2": gone}),
        NoPrimaryError("main", {"a:1": untrusted(), "b:2": gone}),
        NoPrimaryError("main", {}),
    )
    assert await retry.call_with_retry(call, call.fail) == "answer"
    named, again = "redis at x is not named by its Sentinels: ", "; trying again for up to 60 s"
    assert caplog.messages[:-1] == [
        f"{named}each of a:1, b:2 does not answer: gone{again}",
        f"{named}a:1 is not trusted (certificate has expired): expected one that is valid now; "
        f"b:2 does not answer: gone{again}",
    ]
    assert cause(NoPrimaryError("main", {})) == (
        "is not named by its Sentinels: they know no primary 'main' that is up"
    )


class Flaky:
    """Fails with the given errors, one after the other, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.failed: list[Exception] = []

    async def __call__(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "answer"

    async def fail(self, error: Exception) -> None:
        self.failed.append(error)


async def test_what_fails_for_a_while_is_repeated_and_is_two_lines(
    caplog: pytest.LogCaptureFixture,
) -> None:
    retry = OutageRetry("redis at x")
    errors = [ConnectionError("gone"), ResponseError("MISCONF cannot save"), TimeoutError("late")]
    calls = [Flaky(*errors) for _ in range(3)]
    waiting = [asyncio.ensure_future(retry.call_with_retry(call, call.fail)) for call in calls]
    await asyncio.sleep(0)
    assert retry.outage == "redis at x does not answer: gone"
    assert await asyncio.gather(*waiting) == ["answer"] * 3
    assert retry.outage is None
    assert [call.failed for call in calls] == [errors] * 3
    first, last = caplog.messages
    assert first == "redis at x does not answer: gone; trying again for up to 60 s"
    assert last.startswith("redis at x answers again, after ")


async def test_what_stays_wrong_is_raised_at_once_and_without_a_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    retry, call = OutageRetry("redis"), Flaky(ResponseError("WRONGTYPE Operation"))
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await retry.call_with_retry(call, call.fail)
    assert call.failed == []
    assert retry.outage is None
    assert not caplog.records


async def test_an_outage_that_lasts_too_long_is_raised_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    retry = OutageRetry("redis", outage_max_s=0.0)
    for _ in range(2):
        call = Flaky(OutOfMemoryError("no", status_code="OOM"), ConnectionError("never asked"))
        with pytest.raises(OutOfMemoryError):
            await retry.call_with_retry(call, call.fail)
        assert len(call.errors) == 1
    assert retry.outage is None


async def test_a_connections_attempts_count_into_the_commands_time() -> None:
    retry = OutageRetry("redis", outage_max_s=0.15)
    attempts = 0

    async def connect_again() -> str:
        nonlocal attempts
        attempts += 1
        raise ConnectionError("gone")

    async def fail(_: Exception) -> None:
        pass

    async def command() -> str:
        return await retry.call_with_retry(connect_again, fail)

    with pytest.raises(ConnectionError):
        await retry.call_with_retry(command, fail)
    # Each loop by itself would try twice: 0.1 s and 0.2 s are waited.
    assert attempts <= 3


async def oom(redis: Redis, on: bool) -> None:
    await redis.config_set("maxmemory", "1" if on else "0")


async def replica(redis: Redis, on: bool) -> None:
    await redis.execute_command("REPLICAOF", *(("127.0.0.1", "1") if on else ("NO", "ONE")))


async def lone_primary(redis: Redis, on: bool) -> None:
    await redis.config_set("min-replicas-to-write", "1" if on else "0")


@pytest.mark.services
@pytest.mark.parametrize(
    ("code", "turn"),
    [
        ("OOM", oom),
        ("READONLY", replica),
        ("NOREPLICAS", lone_primary),
    ],
)
async def test_a_server_that_refuses_for_a_while_loses_no_record(
    debian_redis_url: str,
    caplog: pytest.LogCaptureFixture,
    code: str,
    turn: Callable[[Redis, bool], Awaitable[None]],
) -> None:
    settings = load(env_file=None, redis_url=debian_redis_url, app_id=f"outage-{code}")
    records = day(plan=PLAN[:1])
    async with await connect(settings) as redis, Redis.from_url(debian_redis_url) as admin:
        checkpoints, owned, log = (
            Checkpoints(redis, settings.app_id),
            OwnedCheckpoints(redis, settings.app_id, None, owner="worker"),
            LogStore(redis, settings.app_id, 1e5),
        )
        await turn(admin, True)
        try:
            writing = [
                asyncio.ensure_future(checkpoints.put("stage", {"d": b"state"})),
                asyncio.ensure_future(owned.put("owned", {"d": b"owned"})),
                asyncio.ensure_future(log.put_scenarios(records.scenarios)),
                asyncio.ensure_future(log.put_activities(records.activities)),
            ]
            done, _ = await asyncio.wait(writing, timeout=0.7)
            assert not done
        finally:
            await turn(admin, False)
        await asyncio.gather(*writing)
        assert await checkpoints.get("stage", "d") == b"state"
        assert await owned.get("owned", "d") == b"owned"
        [device] = await log.devices()
        assert device.scenarios == len(records.scenarios)
        assert device.activities == len(records.activities)
    first, last = caplog.messages
    assert first.startswith(f"redis at {debian_redis_url} refuses: {code} ")
    assert "\n" not in first
    assert last.startswith(f"redis at {debian_redis_url} answers again, after ")


@pytest.mark.services
async def test_a_replica_without_its_primary_is_waited_for(
    debian_redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = load(env_file=None, redis_url=debian_redis_url)
    async with await connect(settings) as redis, Redis.from_url(debian_redis_url) as admin:
        await redis.set("primary", b"1")
        await admin.config_set("replica-serve-stale-data", "no")
        await replica(admin, True)
        try:
            reading = asyncio.ensure_future(redis.get("primary"))
            done, _ = await asyncio.wait([reading], timeout=0.5)
            assert not done
        finally:
            await replica(admin, False)
            await admin.config_set("replica-serve-stale-data", "yes")
        assert await reading == b"1"
    assert caplog.messages[0].startswith(f"redis at {debian_redis_url} refuses: MASTERDOWN ")


async def busy(redis: Redis) -> None:
    """Wait until a server has no time for others."""
    with suppress(ResponseError):
        while True:
            await redis.echo("still serving")


@pytest.mark.services
async def test_a_server_busy_with_a_script_is_waited_for(debian_redis_url: str) -> None:
    settings = load(env_file=None, redis_url=debian_redis_url)
    async with await connect(settings) as redis, Redis.from_url(debian_redis_url) as admin:
        await redis.set("busy", b"1")
        await admin.config_set("busy-reply-threshold", "10")
        script = admin.eval("while true do end", 0)
        looping = asyncio.ensure_future(cast("Awaitable[object]", script))
        async with Redis.from_url(debian_redis_url) as other, asyncio.timeout(60):
            await busy(other)
        reading = asyncio.ensure_future(redis.get("busy"))
        done, _ = await asyncio.wait([reading], timeout=0.5)
        assert not done
        async with Redis.from_url(debian_redis_url) as other:
            await other.execute_command("SCRIPT", "KILL")
        assert await reading == b"1"
        with pytest.raises(ResponseError, match="SCRIPT KILL"):
            await looping


@pytest.mark.services
async def test_a_server_that_cannot_save_is_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    folder.mkdir()
    with debian_redis(folder) as url:
        settings = load(env_file=None, redis_url=url)
        async with await connect(settings) as redis, Redis.from_url(url) as admin:
            await admin.config_set("save", "3600 1")
            shutil.rmtree(folder)
            await admin.bgsave()
            while (await admin.info("persistence"))["rdb_last_bgsave_status"] != "err":
                await asyncio.sleep(0.05)
            writing = asyncio.ensure_future(redis.set("k", b"1"))
            done, _ = await asyncio.wait([writing], timeout=0.5)
            assert not done
            await admin.config_set("stop-writes-on-bgsave-error", "no")
            assert await writing


@pytest.mark.services
async def test_a_refusal_that_lasts_too_long_is_one_line(debian_redis_url: str) -> None:
    retry = OutageRetry("redis", outage_max_s=0.2)
    async with Redis.from_url(debian_redis_url, retry=retry) as redis:
        await oom(redis, True)
        try:
            with pytest.raises(StoreError, match=r"^checkpoints of stage s .* cannot be written: "):
                await Checkpoints(redis, "app").put("s", {"d": b"1"})
            with pytest.raises(RedisError):
                await redis.set("k", b"1")
        finally:
            await oom(redis, False)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (NoPermissionError("No permissions to access a key."), "refuses: No permissions to access"),
        (AuthenticationError("invalid password"), "refuses: invalid password"),
        (ConnectionError("Connection refused"), "does not answer: Connection refused"),
        (TimeoutError(""), "does not answer: TimeoutError"),
    ],
)
def test_a_server_that_refuses_is_not_said_to_be_silent(error: RedisError, line: str) -> None:
    assert cause(error).startswith(line)
