"""TLS contexts of clients: trusted authorities, and the client's certificate.

Certificates are renewed in place, often every few hours, while a program runs: each connection is
made with what the files hold by then.
"""

from __future__ import annotations

import logging
import os
import ssl
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.settings import Settings, env_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import SecretStr

    from infra.errors import InfraError

log = logging.getLogger(__name__)

# OpenSSL's verification errors that have a remedy of their own.
_NOT_YET, _NO_LONGER = 9, 10
_OTHER_NAMES = (62, 64)  # of a host, of an address
_OTHER_AUTHORITIES = (2, 18, 19, 20, 21)
# A path and the file's modification time.
_File = tuple[Path | None, int | None]


def client_context(settings: Settings, service: str, error: type[InfraError]) -> ssl.SSLContext:
    """Return a client's context from the settings `<service>_ca`, `_certificate` and `_key`.

    It reads them again for the first connection after a file has changed. Raises `error` if a file
    cannot be used; one that becomes unusable later is said in the log, and what was read before
    serves on.
    """
    return _RenewedContext.of(lambda: _current(settings, service, error), error)


def not_trusted(error: ssl.SSLCertVerificationError, ca: str) -> str:
    """Return why a server's certificate is not trusted, and what would be.

    `ca` is the setting's name that the trusted authorities come from.
    """
    code = getattr(error, "verify_code", None)
    if code in {_NOT_YET, _NO_LONGER}:
        expected = "one that is valid now"
    elif code in _OTHER_NAMES:
        expected = "one that names the host"
    elif code in _OTHER_AUTHORITIES:
        expected = f"one that an authority of {ca} has signed"
    else:
        expected = "certificates that RFC 5280 allows, which Python insists on from 3.13 on"
    return f"is not trusted ({error.verify_message.rstrip('.').lower()}): expected {expected}"


class _RenewedContext(ssl.SSLContext):
    """A context whose connections have the certificates that its files hold when they are made.

    What a plain context has loaded it keeps: authorities could be added to it, but none removed.
    """

    _load: Callable[[], ssl.SSLContext]
    _loaded: ssl.SSLContext
    _error: type[InfraError]
    _said: str | None

    @classmethod
    def of(cls, load: Callable[[], ssl.SSLContext], error: type[InfraError]) -> _RenewedContext:
        """Return a context of what `load` returns; raises what it raises."""
        context = cls(ssl.PROTOCOL_TLS_CLIENT)
        context._load, context._loaded, context._error = load, load(), error
        context._said = None
        return context

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        """Begin a connection, as asyncio does."""
        return self._newest().wrap_bio(*arguments, **options)

    def wrap_socket(self, *arguments: Any, **options: Any) -> ssl.SSLSocket:
        """Begin a connection by a socket."""
        return self._newest().wrap_socket(*arguments, **options)

    def _newest(self) -> ssl.SSLContext:
        try:
            self._loaded, self._said = self._load(), None
        except self._error as error:
            # Perhaps one file is written already, and the other is not.
            if str(error) != self._said:
                self._said = str(error)
                log.warning("%s; what it held before is used", error)
        return self._loaded


def _current(settings: Settings, service: str, error: type[InfraError]) -> ssl.SSLContext:
    """Return what the files hold now, cached until one changes.

    Loading the system's authorities takes longer than connecting.
    """
    ca, certificate, key = (
        getattr(settings, f"{service}_{name}") for name in ("ca", "certificate", "key")
    )
    password: SecretStr | None = getattr(settings, f"{service}_key_password", None)
    files = tuple((path, modified_ns(path)) for path in (ca, certificate, key))
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


def modified_ns(path: Path | str | None) -> int | None:
    """Return a file's modification time, or None if there is no file."""
    try:
        return None if path is None else Path(path).stat().st_mtime_ns
    except OSError:
        return None


def _unusable(settings: Settings, name: str, expected: str, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
    return (
        f"setting {env_name(name)} has value '{getattr(settings, name)}': expected {expected} "
        f"({str(reason).lower().replace('_', ' ')})"
    )
