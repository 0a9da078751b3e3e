from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from infra.errors import StoreError
from infra.local.probe import free_port
from infra.local.redis_embedded import EmbeddedRedis
from infra.redis.client import connect
from infra.settings import Settings, load

if TYPE_CHECKING:
    from pathlib import Path


def at(url: str) -> Settings:
    return load(env_file=None, redis_url=url)


async def test_a_connection_reads_what_it_writes(redis_url: str) -> None:
    async with await connect(at(redis_url)) as redis:
        await redis.set("store", b"\x00\xff")
        assert await redis.get("store") == b"\x00\xff"


async def test_more_commands_at_once_than_connections_wait_their_turn(redis_url: str) -> None:
    async with await connect(at(redis_url)) as redis:
        await asyncio.gather(*(redis.set(f"at-once-{n}", str(n)) for n in range(300)))
        values = await redis.mget(f"at-once-{n}" for n in range(300))
    assert values == [str(n).encode() for n in range(300)]


async def test_new_connections_do_not_look_up_the_clients_version(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str] = []
    monkeypatch.setattr("redis.utils.metadata.version", looked_up.append)
    async with await connect(at(redis_url)) as redis:
        await asyncio.gather(*(redis.ping() for _ in range(8)))
        assert len(await redis.client_list()) > 1
    assert looked_up == []


async def test_a_redis_that_is_not_there_is_one_line_at_once() -> None:
    url = f"redis://user:hunter2@127.0.0.1:{free_port()}/0"
    with pytest.raises(StoreError) as caught:
        async with asyncio.timeout(60):
            await connect(at(url))
    assert str(caught.value) == (
        f"redis at {url.replace('user:hunter2', '**********')} does not answer: "
        "start it, or correct EGOLOG_REDIS_URL"
    )


@pytest.mark.usefixtures("real_redis")
async def test_a_refused_or_missing_password_says_so(run_dir: Path) -> None:
    with EmbeddedRedis(run_dir) as server:
        async with Redis.from_url(server.url) as redis:
            await redis.config_set("requirepass", "right")
        wrong = server.url.replace("redis://", "redis://:wrong@")
        with pytest.raises(StoreError, match=r"^redis at redis://\*{10}@\S+ refuses the login \("):
            await connect(at(wrong))
        login = "set EGOLOG_REDIS_USERNAME and EGOLOG_REDIS_PASSWORD"
        with pytest.raises(StoreError, match=rf"^redis at redis://\S+ asks for a login: {login}$"):
            await connect(at(server.url))


async def test_an_embedded_url_must_have_become_a_real_one() -> None:
    with pytest.raises(StoreError, match=r"^redis at embedded:// has not been started"):
        await connect(at("embedded://"))


@pytest.mark.usefixtures("real_redis")
async def test_a_redis_that_restarts_is_waited_for(run_dir: Path) -> None:
    port = free_port()
    first = EmbeddedRedis(run_dir, port)
    second = EmbeddedRedis(run_dir, port)
    try:
        async with await connect(at(first.start())) as redis:
            await redis.set("k", b"1")
            first.stop()
            waiting = asyncio.ensure_future(redis.get("k"))
            await asyncio.sleep(0.5)
            assert not waiting.done()
            second.start()
            assert await waiting == b"1"
    finally:
        first.stop()
        second.stop()
