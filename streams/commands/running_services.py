"""Finds the running embedded services that a command needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.errors import BrokerError
from infra.local.embedded import find_running
from infra.settings import EMBEDDED, env_name

if TYPE_CHECKING:
    from infra.settings import Settings


def running(settings: Settings, *needed: str) -> Settings:
    """Return settings with the addresses of the running embedded services.

    `needed` names the services that the command uses, `broker_url` and `redis_url`.

    Raises `BrokerError` if an embedded service is needed and none runs here.
    """
    update: dict[str, str] = {}
    addresses = find_running(settings.run_dir)
    for name in needed:
        if getattr(settings, name) == EMBEDDED:
            address = getattr(addresses, name, None)
            if address is None:
                raise BrokerError(
                    f"no embedded services run in {settings.run_dir}: start "
                    f"`faust -A streams.app worker` first, or set {env_name(name)}"
                )
            update[name] = address
    return settings.model_copy(update=update)
