"""A Redis server that lets in one user only, over TLS too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.local.probe import free_port
from infra.redis.denials import COMMANDS
from tests.certificates import Authority
from tests.conftest import debian_redis

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "hunter2-and-more"
USER = {"redis_username": "egolog", "redis_password": PASSWORD}


class GuardedServer:
    """A server with a user `egolog`, TLS beside its plain port, and the files for both ends."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.tls_port = free_port()
        own = self.authority.sign("redis")
        users = folder / "users.acl"
        # As docs/KAFKA.md has it, but for the keys.
        users.write_text(f"user egolog on >{PASSWORD} ~* {COMMANDS}\n")
        self.options = (
            *("--tls-port", str(self.tls_port), "--tls-ca-cert-file", str(self.authority.ca)),
            *("--tls-cert-file", str(own.certificate), "--tls-key-file", str(own.key)),
            *("--aclfile", str(users)),
        )
        self.url = ""

    @property
    def tls(self) -> dict[str, Any]:
        """Settings of a client that may connect, but for the user."""
        shown = self.authority.sign("client")
        return {
            "redis_url": f"rediss://127.0.0.1:{self.tls_port}/0",
            "redis_ca": self.authority.ca,
            "redis_certificate": shown.certificate,
            "redis_key": shown.key,
        }


@pytest.fixture(scope="module")
def guarded_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedServer]:
    folder = tmp_path_factory.mktemp("guarded-redis")
    guarded = GuardedServer(folder / "certificates")
    with debian_redis(folder, *guarded.options) as url:
        guarded.url = url
        yield guarded
