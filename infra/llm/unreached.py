"""Why an endpoint could not be reached, in words without its address."""

from __future__ import annotations

import os
import socket
import ssl

from infra.tls import not_trusted


def unreached(error: BaseException) -> str:
    """Return why no request was sent, from the first of an error's causes that says it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate {not_trusted(cause, 'this machine')}"
        if isinstance(cause, ssl.SSLError) and cause.reason:
            return f"TLS failed: {cause.reason.lower().replace('_', ' ')}"
        if isinstance(cause, socket.gaierror):
            return f"its host's name is not resolved: {str(cause.strerror).lower()}"
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno).lower()
        # A host of several addresses fails at each of them.
        several = cause.exceptions if isinstance(cause, BaseExceptionGroup) else ()
        cause = next(iter(several), cause.__cause__ or cause.__context__)
    return type(error.__cause__ or error).__name__
