"""Probes of whether a service answers, each by a few bytes of the service's protocol.

A TCP connection alone is not enough: a listener accepts before its program can serve.
"""

from __future__ import annotations

import socket
import ssl
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPBACK = "127.0.0.1"
_TIMEOUT_S = 1.0
_API_VERSIONS = 18


def kafka_answers(port: int, host: str = LOOPBACK) -> bool:
    """Send ApiVersions (key 18, version 0) and check the reply's correlation id."""
    correlation, client = 7, b"probe"
    body = struct.pack(">hhih", _API_VERSIONS, 0, correlation, len(client)) + client
    try:
        with _connect(host, port) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            size, echoed = struct.unpack(">ii", _exactly(connection, 8))
            return bool(size > 4 and echoed == correlation)
    except OSError:
        return False


def speaks_tls(port: int, host: str = LOOPBACK) -> bool:
    """Begin a TLS handshake; a server that refuses it by an alert speaks TLS too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Whose certificate it is does not matter: only the protocol is asked for.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with _connect(host, port) as connection, context.wrap_socket(connection):
            return True
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")
    except OSError:
        return False


def redis_answers(port: int, host: str = LOOPBACK) -> bool:
    """Send a PING; a server that asks for a password answers too."""
    try:
        with _connect(host, port) as connection:
            # As an array, as clients do: not every server accepts an inline command.
            connection.sendall(b"*1\r\n$4\r\nPING\r\n")
            return _exactly(connection, 5) in {b"+PONG", b"-NOAU"}
    except OSError:
        return False


def port_is_free(port: int, host: str = LOOPBACK) -> bool:
    """Return whether `port` can be bound."""
    with socket.socket() as listener:
        # As servers do: a port with connections in TIME_WAIT counts as free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError:
            return False
        return True


def free_port(host: str = LOOPBACK) -> int:
    """Return a port that is currently unused."""
    with socket.socket() as listener:
        listener.bind((host, 0))
        return int(listener.getsockname()[1])


@contextmanager
def _connect(host: str, port: int) -> Iterator[socket.socket]:
    with socket.create_connection((host, port), timeout=_TIMEOUT_S) as connection:
        yield connection


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionError(f"connection ended after {len(data)} of {size} bytes")
        data += part
    return data
