"""What the broker's authorizer denies, and to whom, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)

from infra.errors import BrokerError
from infra.settings import env_name

if TYPE_CHECKING:
    from infra.settings import Settings

ACLS_HINT = "`faust -A streams.app topics --acls` prints the rules that each role needs"
DENIALS = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)


def principal(settings: Settings) -> str:
    """Return whom the broker takes this login for, as far as the settings say.

    How a certificate's subject or a token becomes a principal is the broker's decision.
    """
    if settings.broker_username is not None:
        return f"User:{settings.broker_username}"
    if settings.broker_sasl is not None:
        return f"the token's user ({env_name('broker_token_command')})"
    if settings.broker_certificate is not None:
        return f"the certificate {settings.broker_certificate}"
    return "User:ANONYMOUS"


def denial(settings: Settings, error: BaseException, operation: str = "") -> BrokerError | None:
    """Return an error of the broker's authorizer, or one caused by it, in one line; else None.

    `operation`: what was tried, by Kafka's name for it, where it is known.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, DENIALS):
        cause = cause.__cause__
    if cause is None:
        return None
    what = f"{operation} on {_resource(cause)}" if operation else _resource(cause)
    return BrokerError(f"{denies(settings, what)}: {ACLS_HINT}")


def denies(settings: Settings, what: str) -> str:
    """Return that the broker denies this login `what`."""
    return f"broker at {settings.broker_url} denies {principal(settings)} {what}"


def hidden(settings: Settings) -> str:
    """Return that something is hidden from this login, and what shows it."""
    return f"hidden from {principal(settings)}: {ACLS_HINT}"


def _resource(denied: BaseException) -> str:
    """Return what is denied; aiokafka has a name, or a set of names, as the first argument."""
    if isinstance(denied, ClusterAuthorizationFailedError):
        return "the cluster"
    kind = "group" if isinstance(denied, GroupAuthorizationFailedError) else "topic"
    named = next(iter(denied.args), "")
    if isinstance(named, set | frozenset | list | tuple):
        kind, named = kind + "s" * (len(named) > 1), ", ".join(sorted(map(str, named)))
    return f"{kind} {named}" if named else f"a {kind}"
