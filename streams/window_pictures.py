"""Windows → pictures of half minutes in the store, shown with a record's evidence."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from infra.device_state.window_pictures import WindowPictures
from operators.window_picture import picture_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from infra.settings import Settings
    from schemas import Window
    from streams.engine.runtime import Runtime

log = logging.getLogger(__name__)


def picture_store(
    settings: Settings, runtime: Callable[[], Runtime], after_ms: Callable[[str], int] = lambda _: 0
) -> Callable[[Window], Awaitable[None]]:
    """Return a function that stores a window's picture; if the store fails, only that is lost.

    `after_ms` returns the erasure that a device's windows come after, 0 for none.
    """

    async def store_picture(window: Window) -> None:
        # This takes milliseconds, which on the event loop would delay all wearers.
        picture = await asyncio.to_thread(picture_of, window)
        arrays = {"sound": picture.sound, "motion": picture.motion}
        present = {name: array for name, array in arrays.items() if array is not None}
        try:
            await WindowPictures.of(runtime().log).put(
                window.device_id,
                window.start_ns,
                present,
                settings.keep_features_h,
                after_ms(window.device_id),
            )
        except (RedisError, OSError) as error:
            log.warning("no picture of %s is kept: %s", window.window_id, type(error).__name__)

    return store_picture
