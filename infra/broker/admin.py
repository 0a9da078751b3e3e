"""The connection that administers the broker."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from infra.broker.access import broker_error, client_arguments, require_broker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from infra.settings import Settings


@asynccontextmanager
async def admin_client(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Give a connected client; raises `BrokerError` if a request fails."""
    await require_broker(settings)
    admin = AIOKafkaAdminClient(**client_arguments(settings))
    try:
        await admin.start()
        yield admin
    except KafkaError as error:
        raise broker_error(settings, error) from error
    finally:
        await admin.close()
