"""TLS contexts of clients: trusted authorities, and the client's certificate."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from infra.settings import Settings, env_name

if TYPE_CHECKING:
    from pydantic import SecretStr

    from infra.errors import InfraError

# A path and the file's modification time.
_File = tuple[Path | None, int | None]


def client_context(settings: Settings, service: str, error: type[InfraError]) -> ssl.SSLContext:
    """Return a client's context from the settings `<service>_ca`, `_certificate` and `_key`.

    It is cached until a file changes, because loading the system's authorities takes longer than
    connecting. Raises `error` if a file cannot be used.
    """
    ca, certificate, key = (
        getattr(settings, f"{service}_{name}") for name in ("ca", "certificate", "key")
    )
    password: SecretStr | None = getattr(settings, f"{service}_key_password", None)
    files = tuple((path, _modified_ns(path)) for path in (ca, certificate, key))
    try:
        return _context(files, password)
    except _UnusableError as failure:
        expected = {
            "ca": "a PEM file of certificates",
            "certificate": f"a PEM file that fits the key ({_key_settings(settings, service)})",
            "key": "a PEM file of the certificate's key",
        }[failure.name]
        raise error(
            _unusable(settings, f"{service}_{failure.name}", expected, failure.reason)
        ) from None


class _UnusableError(Exception):
    """The file of a setting cannot be used; `name` is the setting's suffix."""

    def __init__(self, name: str, reason: Exception) -> None:
        super().__init__(name)
        self.name = name
        self.reason = reason


@lru_cache(maxsize=8)
def _context(files: tuple[_File, _File, _File], password: SecretStr | None) -> ssl.SSLContext:
    (ca, _), (certificate, _), (key, _) = files
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise _UnusableError("ca", error) from error
    if certificate is not None:
        # Without a password OpenSSL would prompt on the terminal.
        opened = "" if password is None else password.get_secret_value()
        try:
            context.load_cert_chain(certificate, key, opened)
        except (OSError, ssl.SSLError) as error:
            unreadable = key is not None and not os.access(key, os.R_OK)
            raise _UnusableError("key" if unreadable else "certificate", error) from error
    return context


def _key_settings(settings: Settings, service: str) -> str:
    names = (f"{service}_key", f"{service}_key_password")
    return ", ".join(env_name(name) for name in names if name in type(settings).model_fields)


def _modified_ns(path: Path | None) -> int | None:
    """Return a file's modification time, or None if there is no file."""
    try:
        return None if path is None else path.stat().st_mtime_ns
    except OSError:
        return None


def _unusable(settings: Settings, name: str, expected: str, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
    return (
        f"setting {env_name(name)} has value '{getattr(settings, name)}': expected {expected} "
        f"({str(reason).lower().replace('_', ' ')})"
    )
