"""When the page may be served at all."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from infra.errors import SettingsError
from infra.settings import env_name

if TYPE_CHECKING:
    from infra.settings import Settings


def is_loopback(host: str) -> bool:
    """Return whether a name or address is this machine's own, reached from nowhere else."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def require_guard(settings: Settings, host: str) -> None:
    """Raise `SettingsError` where the page would be open to a network without a guard."""
    if is_loopback(host) or settings.web_token or settings.web_trusted_proxy:
        return
    raise SettingsError(
        f"setting {env_name('web_host')} has value '{host}': expected it with "
        f"{env_name('web_token')} or {env_name('web_trusted_proxy')}, because the page shows what "
        "its wearers did"
    )
