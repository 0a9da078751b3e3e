"""What a client trusts, and the certificate that it shows."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from infra.settings import Settings, env_name

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr

    from infra.errors import InfraError


def client_context(settings: Settings, service: str, error: type[InfraError]) -> ssl.SSLContext:
    """Return a client's context from the settings `<service>_ca`, `_certificate` and `_key`.

    Raises `error` with one line where a file cannot be used.
    """
    ca, certificate = f"{service}_ca", f"{service}_certificate"
    try:
        context = ssl.create_default_context(cafile=getattr(settings, ca))
    except (OSError, ssl.SSLError) as failure:
        raise error(_unusable(settings, ca, "a PEM file of certificates", failure)) from None
    shown: Path | None = getattr(settings, certificate)
    if shown is not None:
        password: SecretStr | None = getattr(settings, f"{service}_key_password", None)
        try:
            # Without a password OpenSSL would ask on the terminal.
            context.load_cert_chain(
                shown,
                getattr(settings, f"{service}_key"),
                "" if password is None else password.get_secret_value(),
            )
        except (OSError, ssl.SSLError) as failure:
            expected = f"a PEM file that fits the key ({env_name(f'{service}_key')})"
            raise error(_unusable(settings, certificate, expected, failure)) from None
    return context


def _unusable(settings: Settings, name: str, expected: str, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
    return (
        f"setting {env_name(name)} has value '{getattr(settings, name)}': expected {expected} "
        f"({str(reason).lower().replace('_', ' ')})"
    )
