"""How Faust logs in: what `infra.broker.access` says, in Faust's own form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faust import auth

from infra.broker.access import security_arguments

if TYPE_CHECKING:
    from infra.settings import Settings


def credentials(settings: Settings) -> auth.Credentials | None:
    """Return TLS and SASL of the settings, None for neither; raises `BrokerError`."""
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
