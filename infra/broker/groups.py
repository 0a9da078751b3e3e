"""Consumer groups: whether this login may use one."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from aiokafka.errors import GroupAuthorizationFailedError, KafkaError

from infra.broker.access import ACLS_HINT
from infra.broker.admin import admin_client
from infra.errors import BrokerError

if TYPE_CHECKING:
    from infra.settings import Settings


async def require_group(settings: Settings, group: str) -> None:
    """Raise `BrokerError` if this login may not use a group: a consumer would wait for ever."""
    async with admin_client(settings) as admin:
        # A new cluster elects the group's coordinator only after the first request.
        with suppress(KafkaError):
            try:
                await admin.find_coordinator(group)
            except GroupAuthorizationFailedError:
                raise BrokerError(f"group {group} is closed to this login: {ACLS_HINT}") from None
