"""Whether Redis persists its data to disk."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from infra.secrets import mask_url

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from infra.settings import Settings

log = logging.getLogger(__name__)


async def keeps_on_disk(redis: Redis) -> bool | None:
    """Return whether snapshots or the append-only file are on; None if CONFIG is not permitted."""
    try:
        config = await redis.config_get("save", "appendonly")
    except RedisError:
        return None
    # Names and values are str or bytes, depending on the client's decoding.
    values = {_text(name): _text(value) for name, value in config.items()}
    return values.get("appendonly") == "yes" or bool(values.get("save"))


async def warn_of_loss(redis: Redis, settings: Settings) -> None:
    """Log a warning if the server would lose the log when it exits."""
    durable = await keeps_on_disk(redis)
    where = f"redis at {mask_url(settings.redis_url)}"
    if durable is False:
        log.warning(
            "%s writes nothing to disk: the log and the checkpoints end with it; set `appendonly "
            "yes` there",
            where,
        )
    elif durable is None:
        log.info("%s does not say whether it writes to disk", where)


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "")
