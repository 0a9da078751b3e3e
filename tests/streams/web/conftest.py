from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.local.redis_program import find_redis
from tests.streams.synthetic_log import Records, day, put
from tests.streams.web.browser import chromium, font_size, tab
from tests.streams.web.site import Site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from redis.asyncio import Redis

    from infra.daily_log.store import LogStore
    from tests.streams.web.browser import Page


@pytest.fixture(scope="package")
def devtools() -> Iterator[int]:
    """The DevTools port of one Chromium for all of these modules."""
    with chromium() as port:
        yield port


@pytest.fixture(scope="package")
def large_font() -> Iterator[int]:
    """The DevTools port of a Chromium whose reader has a font of twice the usual size."""
    with chromium(font_size(32)) as port:
        yield port


@pytest.fixture
async def page(devtools: int) -> AsyncIterator[Page]:
    async with tab(devtools) as opened:
        yield opened
        assert opened.complaints == []


@pytest.fixture(scope="module")
def stored() -> dict[bytes | str, bytes]:
    """What `made` is in the store, by key, once a test of the module has written it."""
    return {}


@pytest.fixture
async def written(
    store: LogStore, redis: Redis, made: Records, stored: dict[bytes | str, bytes]
) -> None:
    """Write `made`, which takes half a second, or bring back what it was in the store."""
    if not stored:
        await put(store, made)
        if not find_redis().durable:
            # fakeredis cannot dump them.
            return
        for key in await redis.keys():
            value = await redis.dump(key)
            assert value is not None
            stored[key] = value
        return
    for key, value in stored.items():
        await redis.restore(key, 0, value)
    # The log is as new as if all of it had been written now.
    scenarios, refined, activities = made
    await put(store, Records(scenarios[-1:], refined[-1:], activities[-1:]))


@pytest.fixture
def records(written: None, made: Records) -> Records:
    """The module's `made`, in the store; not async, so that asyncio does not print its value."""
    return made


@pytest.fixture
async def site(store: LogStore) -> AsyncIterator[Site]:
    """The page, served from the test's store."""
    serving = Site(store)
    await serving.start()
    yield serving
    await serving.stop()


@pytest.fixture(scope="module")
def made() -> Records:
    """A day's records; a module with others of its own overrides it."""
    return day()
