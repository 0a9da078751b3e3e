from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from infra.local.probe import free_port, kafka_answers, port_is_free, redis_answers, speaks_tls

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def mute_port() -> Iterator[int]:
    """A listener that accepts, says something that is no protocol of ours, and hangs up."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=_hang_up, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(60)


def _hang_up(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.sendall(b"hello world, this is no protocol")
        connection.close()


def test_a_listener_that_speaks_something_else_does_not_answer(mute_port: int) -> None:
    assert not kafka_answers(mute_port)
    assert not redis_answers(mute_port)
    assert not speaks_tls(mute_port)


def test_a_closed_port_does_not_answer() -> None:
    port = free_port()
    assert not kafka_answers(port)
    assert not redis_answers(port)
    assert not speaks_tls(port)


def test_a_port_with_a_listener_is_not_free(mute_port: int) -> None:
    assert not port_is_free(mute_port)
    assert port_is_free(free_port())
