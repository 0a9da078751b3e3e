"""Connections to Redis over TLS whose files may be renewed in place.

redis-py reads a connection's certificates once, and connects the same object again after each end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.asyncio.connection import SSLConnection
from redis.asyncio.sentinel import SentinelManagedSSLConnection

from infra.tls import modified_ns

if TYPE_CHECKING:
    from collections.abc import Mapping


class RenewedConnection(SSLConnection):
    """Reads its files again where one has changed since it connected."""

    _modified: object = None

    def _connection_arguments(self) -> Mapping[str, Any]:
        tls = self.ssl_context
        modified = tuple(modified_ns(path) for path in (tls.ca_certs, tls.certfile, tls.keyfile))
        if modified != self._modified:
            tls.context, self._modified = None, modified
        arguments: Mapping[str, Any] = super()._connection_arguments()
        return arguments


class RenewedPrimaryConnection(SentinelManagedSSLConnection, RenewedConnection):
    """The same, to the primary that Sentinels name."""
