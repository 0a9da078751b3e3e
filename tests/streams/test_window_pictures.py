from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from redis.asyncio import Redis

from infra.daily_log.store import LogStore
from infra.device_state.window_pictures import WindowPictures
from infra.settings import Settings
from streams.window_pictures import picture_store
from tests.operators.featured_window import window

if TYPE_CHECKING:
    import pytest


async def test_the_picture_of_a_window_is_kept(store: LogStore) -> None:
    runtime: Any = SimpleNamespace(log=store)
    store_picture = picture_store(Settings(_env_file=None, keep_features_h=1), lambda: runtime)
    await store_picture(window(mel=np.ones((1_500, 64), np.float16)))
    read = await WindowPictures.of(store).read("d", 0)
    assert {name: each.shape for name, each in read.items()} == {"sound": (300, 32)}


async def test_a_store_that_is_away_costs_the_picture_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gone = LogStore(Redis(host="127.0.0.1", port=1), "gone", retention_days=1)
    runtime: Any = SimpleNamespace(log=gone)
    store_picture = picture_store(Settings(_env_file=None, keep_features_h=1), lambda: runtime)
    await store_picture(window(mel=np.ones((1_500, 64), np.float16)))
    assert "no picture of d/s/scenario/0 is kept: ConnectionError" in caplog.text
