"""The Redis client, and its connection failures as one line each.

It connects to one server, or to the primary named by Sentinels. Redis Cluster is not supported: a
device's records change several keys in one transaction.
"""

from __future__ import annotations

import asyncio
import ssl
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.driver_info import DriverInfo
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from infra.errors import StoreError
from infra.redis.denials import LOGIN, denial
from infra.redis.outage import OutageRetry, in_chain, refusal_code, refuses_tls, tls_refusal
from infra.redis.renewed_connection import RenewedConnection, RenewedPrimaryConnection
from infra.redis.sentinels import NoPrimaryError, Sentinels, not_named
from infra.secrets import mask_url
from infra.settings import EMBEDDED, Settings, env_name
from infra.tls import client_context

CONNECT_TIMEOUT_S = 5.0
_LOADING_POLL_S = 0.2
# Left to itself, each connection looks up the client's version in its package's files.
_DRIVER = DriverInfo()
# Commands beyond this wait for a free connection: a starting worker restores everything at once.
_CONNECTIONS_MAX = 32


async def connect(settings: Settings) -> Redis:
    """Return a client for `redis_url` that has answered a ping; raises `StoreError`.

    The caller closes it. Values are bytes. Commands are retried through an outage
    (`infra.redis.outage`).
    """
    url = settings.redis_url
    if url == EMBEDDED:
        raise StoreError(
            f"redis at {url} has not been started: an embedded service needs its URL first"
        )
    # The first ping is not retried: a wrong address should fail at once.
    async with _client(settings, Retry(ExponentialBackoff(), 0)) as probe:
        try:
            await _ping(probe, settings.outage_s)
        except (RedisError, OSError) as error:
            raise StoreError(f"redis at {mask_url(url)} {_refusal(error)}") from error
        except TypeError as error:
            raise _unknown_option(url, error) from error
    user = settings.redis_username or urlsplit(url).username or "default"
    explain = partial(denial, user=user, app_id=settings.app_id)
    return _client(settings, OutageRetry(f"redis at {mask_url(url)}", settings.outage_s, explain))


class _SentinelsRedis(Redis):
    """A client of the primary that also closes its connections to the Sentinels."""

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        pool: Any = self.connection_pool
        await pool.sentinel_manager.aclose()


def _client(settings: Settings, retry: Retry) -> Redis:
    """Return an unconnected client; raises `StoreError` for a bad certificate or URL option."""
    url = settings.redis_url
    options = {"socket_connect_timeout": CONNECT_TIMEOUT_S, "driver_info": _DRIVER}
    tls = _tls_options(settings) if url.startswith("rediss") else {}
    login = {
        "username": settings.redis_username,
        "password": settings.redis_password and settings.redis_password.get_secret_value(),
    }
    login = {name: value for name, value in login.items() if value is not None}
    if "+sentinel://" not in url:
        try:
            address = parse_url(url)
        except ValueError as error:
            raise _unknown_option(url, error) from error
        if url.startswith("rediss"):
            address["connection_class"] = RenewedConnection
        limits = {"max_connections": _CONNECTIONS_MAX, "timeout": None}
        return Redis.from_pool(
            BlockingConnectionPool(
                **{**limits, **address, **options, **tls, **login, "retry": retry}
            )
        )
    if url.startswith("rediss"):
        tls["ssl"] = True
    servers, _, path = url.partition("://")[2].partition("/")
    service, _, database = path.partition("/")
    password = settings.redis_sentinel_password
    sentinels = Sentinels(
        [_host_port(server) for server in servers.split(",")],
        {
            **options,
            **tls,
            "socket_timeout": CONNECT_TIMEOUT_S,
            "password": password and password.get_secret_value(),
            # Not retried: the next Sentinel is asked instead.
            "retry": Retry(ExponentialBackoff(), 0),
        },
    )
    if url.startswith("rediss"):
        for sentinel in sentinels.sentinels:
            sentinel.connection_pool.connection_class = RenewedConnection
        tls["connection_class"] = RenewedPrimaryConnection
    primary: Redis = sentinels.master_for(
        service,
        redis_class=_SentinelsRedis,
        db=int(database or "0"),
        retry=retry,
        **{**options, **tls, **login},
    )
    return primary


def _tls_options(settings: Settings) -> dict[str, Any]:
    # Loaded here first, because the client's own error does not name the file.
    client_context(settings, "redis", StoreError)
    files = {
        "ssl_ca_certs": settings.redis_ca,
        "ssl_certfile": settings.redis_certificate,
        "ssl_keyfile": settings.redis_key,
    }
    return {name: str(path) for name, path in files.items() if path is not None}


def _refusal(error: Exception, login: str = LOGIN) -> str:
    """Explain why the connection was refused, or say that there was no answer.

    `login` names the settings of the login there.
    """
    if isinstance(error, NoPrimaryError):
        return not_named(error, partial(_refusal, login=env_name("redis_sentinel_password")))
    tls = tls_refusal(error)
    if tls is not None:
        return tls
    other = in_chain(error, ssl.SSLError)
    if other is not None:
        return refuses_tls(other)
    # Without a login the client's greeting is refused, in words about that greeting.
    if str(error).startswith(("HELLO must be called", "NOAUTH", "Authentication required")):
        return f"asks for a login: set {login}"
    if isinstance(error, AuthenticationError):
        return f"refuses the login ({str(error).rstrip('.')}): correct {login}"
    if isinstance(error, ResponseError):
        return f"refuses: {error}"
    # Which one is raised depends on timing: while reading an answer, or writing the next command.
    ended = (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)
    if "closed" in str(error) or any(in_chain(error, kind) for kind in ended):
        return (
            "closed the connection: expected a port for the TLS, certificate and user that are set"
        )
    return f"does not answer: start it, or correct {env_name('redis_url')}"


def _unknown_option(url: str, error: Exception) -> StoreError:
    reason = str(error).rpartition("() ")[2].rstrip(".").lower()
    return StoreError(
        f"setting {env_name('redis_url')} has value '{mask_url(url)}': expected options that the "
        f"client knows ({reason})"
    )


def _host_port(server: str) -> tuple[str, int]:
    parts = urlsplit(f"//{server}")
    return parts.hostname or "", parts.port or 0


async def _ping(probe: Redis, outage_s: float) -> None:
    """Ping once; a server that answers but is loading or refuses temporarily is waited for."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + outage_s
    while True:
        try:
            await probe.ping()
        except RedisError as error:
            if refusal_code(error) is None or loop.time() >= give_up_at:
                raise
            await asyncio.sleep(_LOADING_POLL_S)
        else:
            return


def outage(redis: Redis) -> str | None:
    """Return the outage that a client of `connect` is waiting out, in one line, or None."""
    retry = redis.get_retry()
    return retry.outage if isinstance(retry, OutageRetry) else None
