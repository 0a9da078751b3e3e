"""Whether what Redis holds outlives it."""

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
    """Return whether snapshots or a log of commands are written; None where nobody may ask."""
    try:
        config = await redis.config_get("save", "appendonly")
    except RedisError:
        return None
    # Names and values are text or bytes, by how the client decodes.
    values = {_text(name): _text(value) for name, value in config.items()}
    return values.get("appendonly") == "yes" or bool(values.get("save"))


async def warn_of_loss(redis: Redis, settings: Settings) -> None:
    """Say in one line that a server which ends takes the log with it."""
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
