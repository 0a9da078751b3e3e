"""Sentinels that say why they name no primary.

The client's own error lists what each of them answered as text, with the details of its connection;
why a certificate is not trusted is no longer in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class NoPrimaryError(MasterNotFoundError):
    """No Sentinel names a primary; `failures` holds those that could not be asked, by address."""

    def __init__(self, service: str, failures: Mapping[str, Exception]) -> None:
        super().__init__(f"No master found for {service!r}")
        self.service = service
        self.failures = failures


class _AskedSentinel(Redis):
    """One Sentinel; `failure` is why it could not be asked the last time, None if it could."""

    failure: Exception | None = None

    async def sentinel_masters(self, *args: Any, **options: Any) -> Any:
        """Return the primaries that it watches, by service."""
        try:
            primaries = await super().sentinel_masters(*args, **options)
        except (RedisError, OSError) as error:
            self.failure = error
            raise
        self.failure = None
        return primaries


class Sentinels(Sentinel):
    """The Sentinels at `addresses`, asked in turn, by a client with these `options`."""

    def __init__(self, addresses: Sequence[tuple[str, int]], options: Mapping[str, Any]) -> None:
        super().__init__([], sentinel_kwargs=options)  # type: ignore[no-untyped-call]
        self._asked = {
            f"{host}:{port}": _AskedSentinel(host=host, port=port, **options)
            for host, port in addresses
        }
        self.sentinels = [*self._asked.values()]

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Return the address of the service's primary; raises `NoPrimaryError`."""
        try:
            address: tuple[str, int] = await super().discover_master(service_name)
        except MasterNotFoundError:
            failures = {
                name: each.failure for name, each in self._asked.items() if each.failure is not None
            }
            raise NoPrimaryError(service_name, failures) from None
        return address


def not_named(error: NoPrimaryError, reason: Callable[[Exception], str]) -> str:
    """Return in one line why no Sentinel names a primary; `reason` says it of one of them."""
    by_reason: dict[str, list[str]] = {}
    for address, failure in error.failures.items():
        by_reason.setdefault(reason(failure), []).append(address)
    said = [
        f"{'each of ' if len(addresses) > 1 else ''}{', '.join(addresses)} {why}"
        for why, addresses in by_reason.items()
    ]
    if not said:
        said = [f"they know no primary {error.service!r} that is up"]
    return f"is not named by its Sentinels: {'; '.join(said)}"
