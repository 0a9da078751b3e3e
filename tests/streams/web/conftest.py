from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.streams.synthetic_log import Records, put
from tests.streams.web.browser import chromium, tab

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from infra.daily_log.store import LogStore
    from tests.streams.web.browser import Page


@pytest.fixture(scope="module")
def devtools() -> Iterator[int]:
    with chromium() as port:
        yield port


@pytest.fixture
async def page(devtools: int) -> AsyncIterator[Page]:
    async with tab(devtools) as opened:
        yield opened
        assert opened.complaints == []


@pytest.fixture
async def written(store: LogStore, made: Records) -> None:
    await put(store, made)


@pytest.fixture
def records(written: None, made: Records) -> Records:
    """The module's `made`, in the store; not async, so that asyncio does not print its value."""
    return made
