"""The broker credentials of `infra.broker.access` in the form that Faust expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faust import auth

from infra.broker.access import security_arguments

if TYPE_CHECKING:
    from infra.settings import Settings


def credentials(settings: Settings) -> auth.Credentials | None:
    """Return the TLS and SASL credentials, None if neither is set; raises `BrokerError`."""
    arguments = security_arguments(settings)
    context, mechanism = arguments.get("ssl_context"), arguments.get("sasl_mechanism")
    if mechanism is None:
        return None if context is None else auth.SSLCredentials(context)
    if mechanism == "OAUTHBEARER":
        return auth.OAuthCredentials(
            oauth_cb=arguments["sasl_oauth_token_provider"], ssl_context=context
        )
    return auth.SASLCredentials(
        mechanism=mechanism,
        username=arguments["sasl_plain_username"],
        password=arguments["sasl_plain_password"],
        ssl_context=context,
    )
