"""Connection arguments of every Kafka client: addresses, TLS and SASL.

```
kafka://       nothing, or SASL with SCRAM       PLAINTEXT, SASL_PLAINTEXT
kafka+ssl://   TLS, and SASL where it is set     SSL, SASL_SSL
```

A broker's certificate must be signed by `broker_ca` and name the requested host; this cannot be
turned off.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aiokafka.conn import create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    NodeNotReadyError,
    RequestTimedOutError,
    UnsupportedSaslMechanismError,
)

from infra.broker import bootstrap_connection
from infra.broker.denials import denial
from infra.broker.tokens import TokenError, token_provider
from infra.errors import BrokerError
from infra.local.probe import kafka_answers, speaks_tls
from infra.settings import env_name
from infra.tls import client_context, not_trusted

if TYPE_CHECKING:
    from pydantic import SecretStr

    from infra.settings import Settings

bootstrap_connection.install()

# Of a client that knows the cluster: one of its nodes is gone.
_AWAY = (KafkaConnectionError, NodeNotReadyError, RequestTimedOutError)
_CONNECT_TIMEOUT_MS = 5_000
_SPEAKS_TLS = f"speaks TLS: expected kafka+ssl:// in {env_name('broker_url')}"


def client_arguments(settings: Settings) -> dict[str, Any]:
    """Return the arguments that connect any aiokafka client to the brokers.

    Raises `BrokerError` if a certificate file cannot be used.
    """
    return {"bootstrap_servers": settings.bootstrap_servers, **security_arguments(settings)}


def security_arguments(settings: Settings) -> dict[str, Any]:
    """Return aiokafka's arguments for TLS and SASL; raises `BrokerError`."""
    tls, sasl = settings.broker_tls, settings.broker_sasl
    protocol = ("SASL_" if sasl else "") + ("SSL" if tls else "PLAINTEXT")
    arguments: dict[str, Any] = {"security_protocol": protocol}
    if tls:
        arguments["ssl_context"] = client_context(settings, "broker", BrokerError)
    if sasl is None:
        return arguments
    arguments["sasl_mechanism"] = sasl
    if sasl == "OAUTHBEARER":
        return {
            **arguments,
            "sasl_oauth_token_provider": token_provider(settings.broker_token_command or ""),
        }
    return {
        **arguments,
        "sasl_plain_username": settings.broker_username,
        "sasl_plain_password": _plain_text(settings.broker_password),
    }


async def require_broker(settings: Settings) -> None:
    """Raise `BrokerError` unless one of the brokers answers and lets this client in."""
    reasons: list[str] = []
    arguments = security_arguments(settings)
    plain = arguments["security_protocol"] == "PLAINTEXT"
    for server in settings.bootstrap_servers:
        parts = urlsplit(f"//{server}")
        host, port = parts.hostname or "", parts.port or 0
        if plain:
            if await asyncio.to_thread(kafka_answers, port, host):
                return
            if await asyncio.to_thread(speaks_tls, port, host):
                reasons.append(_SPEAKS_TLS)
            continue
        try:
            connection = await create_conn(
                host, port, request_timeout_ms=_CONNECT_TIMEOUT_MS, **arguments
            )
        except (OSError, TimeoutError, KafkaError) as error:
            alert = None
            if settings.broker_tls and isinstance(error, KafkaConnectionError):
                alert = await _alert(host, port, arguments["ssl_context"])
            reasons.append(_refusal(alert or error))
            if not settings.broker_tls and await asyncio.to_thread(speaks_tls, port, host):
                reasons[-1] = _SPEAKS_TLS
        else:
            connection.close()
            return
    # An explicit refusal is more informative than a broker that does not answer.
    refusal = next((reason for reason in reasons if reason), "")
    raise BrokerError(
        f"broker at {settings.broker_url} {refusal}"
        if refusal
        else f"broker at {settings.broker_url} does not answer: start it, or correct "
        f"{env_name('broker_url')}"
    )


async def _alert(host: str, port: int, context: ssl.SSLContext) -> ssl.SSLError | None:
    """Return by what alert the broker ends a connection over TLS, None if it says nothing.

    In TLS 1.3 it looks at the client's certificate after the handshake, and the alert comes as the
    first answer, of which aiokafka says only that the connection was closed.
    """
    try:
        async with asyncio.timeout(_CONNECT_TIMEOUT_MS / 1_000):
            reader, writer = await asyncio.open_connection(host, port, ssl=context)
            try:
                # A request of no bytes, at which a broker that lets us in closes the connection.
                writer.write(bytes(4))
                await reader.read(1)
            finally:
                writer.close()
    except ssl.SSLError as error:
        return error
    except (OSError, TimeoutError):
        return None
    return None


def broker_error(settings: Settings, error: KafkaError, operation: str = "") -> BrokerError:
    """Wrap a client's `KafkaError`; `operation` is what was tried, by Kafka's name for it."""
    if isinstance(error, _AWAY):
        # Its own text, where it has one, begins with its class.
        reason = Exception.__str__(error) or error
        return BrokerError(
            f"broker at {settings.broker_url} does not answer ({reason}): start those of its "
            f"brokers that are away, or correct {env_name('broker_url')}"
        )
    return denial(settings, error, operation) or BrokerError(
        f"broker at {settings.broker_url} failed: {error!r}"
    )


def _refusal(error: Exception) -> str:
    """Explain why the connection was refused; empty if the broker did not answer."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return not_trusted(error, env_name("broker_ca"))
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        reason = (error.reason or str(error)).lower().replace("_", " ")
        if "wrong version number" in reason or "record layer" in reason:
            return f"speaks no TLS: expected kafka:// in {env_name('broker_url')}"
        return f"refuses TLS ({reason}): correct {env_name('broker_certificate')}"
    text = " ".join(str(error).split())[:200] or type(error).__name__
    name = type(error).__name__
    if isinstance(error, IllegalSaslStateError):
        return f"takes no login at this port: unset {env_name('broker_sasl')}, or correct the port"
    if isinstance(error, UnsupportedSaslMechanismError):
        return f"takes no such login ({text}): correct {env_name('broker_sasl')}"
    if isinstance(error, KafkaError) and ("Authentication" in name or "Sasl" in name):
        login = f"{env_name('broker_username')} and {env_name('broker_password')}"
        return f"refuses the login ({text}): correct {login}"
    if isinstance(error, TokenError):
        return f"cannot be logged in to ({text})"
    closed = KafkaError | ssl.SSLEOFError | ConnectionResetError | ConnectionAbortedError
    if isinstance(error, closed):
        return (
            f"closed the connection ({text}): expected a port for the TLS, certificate and login "
            "that are set"
        )
    return ""


def _plain_text(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
