"""Redis as companies run it: users, TLS and Sentinels, on the distribution's own server."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from infra.errors import StoreError
from infra.local.probe import free_port, redis_answers
from infra.local.process import ChildProcess
from infra.redis.client import connect
from infra.redis.durability import keeps_on_disk, warn_of_loss
from infra.secrets import mask_url
from infra.settings import Settings, load
from tests.certificates import Authority
from tests.conftest import debian_redis
from tests.infra.redis.guarded_server import PASSWORD, USER, GuardedServer, guarded_redis
from tests.needed import need_redis

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["guarded_redis"]


def settings(**fields: Any) -> Settings:
    return load(env_file=None, **fields)


async def test_a_user_over_tls_with_a_certificate_reads_what_it_writes(
    guarded_redis: GuardedServer,
) -> None:
    async with await connect(settings(**guarded_redis.tls, **USER)) as redis:
        await redis.set("login", b"\x00\xff")
        assert await redis.get("login") == b"\x00\xff"
        assert await redis.acl_whoami() == "egolog"
        assert PASSWORD not in repr(redis)


async def test_the_settings_user_goes_before_the_urls(guarded_redis: GuardedServer) -> None:
    address = guarded_redis.url.removeprefix("redis://")
    for url, user in (
        (f"redis://egolog:{PASSWORD}@{address}", {}),
        (f"redis://other:wrong@{address}?socket_timeout=5", USER),
        (f"redis://{address}?username=other&password=wrong", USER),
    ):
        async with await connect(settings(redis_url=url, **user)) as redis:
            assert await redis.acl_whoami() == "egolog"


def misfits(
    guarded: GuardedServer, folder: Path
) -> list[tuple[dict[str, Any], str | tuple[str, ...]]]:
    """Return what does not fit, and how it is named."""
    tls = guarded.tls
    other = Authority(folder / "other").ca
    gone = free_port()
    nobody = f"redis://u:{PASSWORD}@127.0.0.1:{gone}"
    return [
        (
            {**tls, **USER, "redis_password": "wrong"},
            "refuses the login (invalid username",
        ),
        (
            {**tls, **USER, "redis_ca": other},
            "is not trusted (self-signed certificate in certificate chain): expected one that an "
            "authority of EGOLOG_REDIS_CA has signed",
        ),
        (
            {**tls, "redis_url": tls["redis_url"].replace("127.0.0.1", "localhost")},
            "is not trusted (hostname mismatch, certificate is not valid for 'localhost'): "
            "expected one that names the host",
        ),
        # It depends on the moment whether its reason is read before the end.
        (
            {"redis_ca": tls["redis_ca"], "redis_url": tls["redis_url"]},
            ("refuses TLS (", "closed the connection: "),
        ),
        ({**tls, "redis_url": guarded.url.replace("redis:", "rediss:")}, "does not answer: "),
        ({"redis_url": nobody}, "does not answer: start it"),
        (
            {"redis_url": f"redis+sentinel://127.0.0.1:{gone}/main", **USER},
            f"is not named by its Sentinels: 127.0.0.1:{gone} does not answer: start it, or",
        ),
        (
            {
                **tls,
                "redis_ca": other,
                "redis_url": f"rediss+sentinel://127.0.0.1:{guarded.tls_port}/main",
            },
            f"is not named by its Sentinels: 127.0.0.1:{guarded.tls_port} is not trusted "
            "(self-signed certificate in certificate chain): expected one that an authority of "
            "EGOLOG_REDIS_CA has signed",
        ),
    ]


async def test_who_is_not_let_in_gets_one_line_without_a_secret(
    guarded_redis: GuardedServer, tmp_path: Path
) -> None:
    for fields, expected in misfits(guarded_redis, tmp_path):
        with pytest.raises(StoreError) as caught:
            await connect(settings(**fields))
        line = str(caught.value)
        assert line.startswith(f"redis at {mask_url(fields['redis_url'])} ")
        assert line.removeprefix(f"redis at {mask_url(fields['redis_url'])} ").startswith(expected)
        assert PASSWORD not in line
        assert "\n" not in line


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        (
            {"redis_url": "redis://u:hunter2@h:1?colour=hunter2"},
            "setting EGOLOG_REDIS_URL has value 'redis://**********@h:1?colour=**********': "
            "expected options that the client knows (got an unexpected keyword argument 'colour')",
        ),
        (
            {"redis_url": "redis://h:1?socket_timeout=hunter2"},
            "setting EGOLOG_REDIS_URL has value 'redis://h:1?socket_timeout=**********': "
            "expected options that the client knows (invalid value for 'socket_timeout' in "
            "connection url)",
        ),
        (
            {"redis_url": "rediss://h:1", "redis_ca": "/none.pem"},
            "setting EGOLOG_REDIS_CA has value '/none.pem': expected a PEM file of certificates "
            "(no such file or directory)",
        ),
    ],
)
async def test_what_the_client_cannot_use_is_one_line(fields: dict[str, Any], line: str) -> None:
    with pytest.raises(StoreError) as caught:
        await connect(settings(**fields))
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("options", "durable"),
    [((), False), (("--appendonly", "yes"), True), (("--save", "3600 1"), True)],
)
async def test_a_server_that_writes_nothing_to_disk_is_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, options: tuple[str, ...], durable: bool
) -> None:
    with debian_redis(tmp_path, *options) as url:
        configured = settings(redis_url=url)
        async with await connect(configured) as redis:
            assert await keeps_on_disk(redis) is durable
            await warn_of_loss(redis, configured)
    warned = [
        f"redis at {url} writes nothing to disk: the log and the checkpoints end with it; set "
        "`appendonly yes` there"
    ]
    assert caplog.messages == ([] if durable else warned)


async def test_a_user_who_may_not_ask_is_not_warned(
    guarded_redis: GuardedServer, caplog: pytest.LogCaptureFixture
) -> None:
    configured = settings(redis_url=guarded_redis.url, **USER)
    async with await connect(configured) as redis:
        assert await keeps_on_disk(redis) is None
        await warn_of_loss(redis, configured)
    assert caplog.messages == []


class Sentinels:
    """A primary, its replica and the one Sentinel that watches them, which has a password."""

    def __init__(self, folder: Path, primary: str) -> None:
        self.port = free_port()
        config = folder / "sentinel.conf"
        host, _, port = primary.removeprefix("redis://").partition(":")
        config.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {folder}\nrequirepass {PASSWORD}\n"
            f"sentinel monitor main {host} {port} 1\n"
            f"sentinel auth-pass main {PASSWORD}\nsentinel failover-timeout main 10000\n"
        )
        self.process = ChildProcess(
            "redis sentinel",
            [need_redis(), str(config), "--sentinel"],
            port=self.port,
            log=folder / "sentinel.log",
        )
        self.process.start(lambda: redis_answers(self.port), 10.0)

    @property
    def settings(self) -> Settings:
        gone = free_port()
        return settings(
            redis_url=f"redis+sentinel://127.0.0.1:{gone},127.0.0.1:{self.port}/main/0",
            redis_sentinel_password=PASSWORD,
            redis_password=PASSWORD,
        )


@pytest.fixture
def sentinels(tmp_path: Path) -> Iterator[Sentinels]:
    login = ("--requirepass", PASSWORD, "--masterauth", PASSWORD)
    # More replicas are not waited for.
    options = (*login, "--repl-diskless-sync-delay", "0")
    folders = [tmp_path / name for name in ("primary", "replica", "sentinel")]
    for folder in folders:
        folder.mkdir()
    with debian_redis(folders[0], *options) as primary:
        address = primary.removeprefix("redis://").replace(":", " ")
        with debian_redis(folders[1], *options, "--replicaof", address):
            # A Sentinel looks for replicas when it begins, and again each ten seconds.
            with SyncRedis.from_url(primary, password=PASSWORD) as redis:
                redis.set("one", "1")
                assert redis.wait(1, 30_000) == 1
            made = Sentinels(folders[2], primary)
            yield made
            made.process.stop()


async def test_sentinels_that_name_no_primary_say_why(tmp_path: Path) -> None:
    folder = tmp_path / "sentinel"
    folder.mkdir()
    gone = free_port()
    with debian_redis(tmp_path) as primary:
        sentinel = Sentinels(folder, primary)
        address = f"127.0.0.1:{sentinel.port}"
        for addresses, service, password, line in (
            (address, "other", PASSWORD, "they know no primary 'other' that is up"),
            (
                address,
                "main",
                None,
                f"{address} asks for a login: set EGOLOG_REDIS_SENTINEL_PASSWORD",
            ),
            (
                address,
                "main",
                "wrong",
                f"{address} refuses the login (invalid username-password pair or user is "
                "disabled): correct EGOLOG_REDIS_SENTINEL_PASSWORD",
            ),
            (
                f"127.0.0.1:{gone},localhost:{gone}",
                "main",
                PASSWORD,
                f"each of 127.0.0.1:{gone}, localhost:{gone} does not answer: start it, or correct "
                "EGOLOG_REDIS_URL",
            ),
        ):
            url = f"redis+sentinel://{addresses}/{service}"
            login = {} if password is None else {"redis_sentinel_password": password}
            with pytest.raises(StoreError) as caught:
                await connect(settings(redis_url=url, **login))
            assert str(caught.value) == f"redis at {url} is not named by its Sentinels: {line}"
        sentinel.process.stop()


@pytest.mark.pipeline
async def test_a_primary_that_sentinels_replace_is_followed(sentinels: Sentinels) -> None:
    async with (
        await connect(sentinels.settings) as redis,
        Redis(port=sentinels.port, password=PASSWORD) as sentinel,
    ):
        await redis.set("before", b"1")
        first = await redis.config_get("port")
        await redis.execute_command("WAIT", 1, 30_000)
        await replace(sentinel)
        while await redis.config_get("port") == first:
            await redis.set("after", b"2")
            await asyncio.sleep(0.1)
        await redis.set("after", b"3")
        assert await redis.mget("before", "after") == [b"1", b"3"]


async def replace(sentinel: Redis) -> None:
    """Make the replica the primary, once the Sentinel thinks well of it."""
    while True:
        with suppress(ResponseError):
            await sentinel.execute_command("SENTINEL FAILOVER", "main")
            return
        await asyncio.sleep(0.2)
