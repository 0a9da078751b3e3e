"""Which errors end a worker in one line, because they name what is missing and the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka.errors import MessageSizeTooLargeError
from redis.exceptions import RedisError

from infra.broker import broker_topics
from infra.broker.denials import denial
from infra.disk import full_disk
from infra.errors import InfraError, ServiceError, StoreError
from infra.redis.outage import cause
from infra.secrets import mask_url

if TYPE_CHECKING:
    from infra.settings import Settings


def explained(error: Exception, settings: Settings) -> InfraError | None:
    """Return an error of a service in one line, None for one that needs its traceback."""
    if isinstance(error, InfraError):
        return error
    if isinstance(error, RedisError):
        return StoreError(f"redis at {mask_url(settings.redis_url)} {cause(error)}")
    if isinstance(error, MessageSizeTooLargeError):
        return broker_topics.refused_as_too_large(settings)
    full = full_disk(error) if isinstance(error, OSError) else None
    # What is read is explained where it is read: what is left was to be published.
    return denial(settings, error, "Write") if full is None else ServiceError(full)
