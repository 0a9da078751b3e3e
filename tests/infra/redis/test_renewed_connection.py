"""Certificates of Redis and of its clients that are renewed in place."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from redis import Redis as SyncRedis

from infra.local.probe import free_port
from infra.redis.client import connect
from infra.settings import load
from tests.certificates import Authority
from tests.conftest import debian_redis

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_client_that_goes_on_knows_an_authority_that_was_exchanged(tmp_path: Path) -> None:
    before, after = (Authority(tmp_path / name) for name in ("before", "after"))
    ca, certificate, key = (tmp_path / name for name in ("ca.pem", "live.pem", "live.key"))

    def renew(authority: Authority, time_ns: int) -> tuple[str, ...]:
        """Write the client's files, and return what the server then needs."""
        shown, own = authority.sign("client"), authority.sign("redis")
        sources = (authority.ca, shown.certificate, shown.key)
        for source, path in zip(sources, (ca, certificate, key), strict=True):
            shutil.copy(source, path)
            os.utime(path, ns=(time_ns, time_ns))
        files = {"cert": own.certificate, "key": own.key, "ca-cert": authority.ca}
        return tuple(
            part for name, path in files.items() for part in (f"tls-{name}-file", str(path))
        )

    port, options = free_port(), renew(before, 1)
    started = [f"--{part}" if part.startswith("tls-") else part for part in options]
    with debian_redis(tmp_path, "--tls-port", str(port), *started) as plain:
        files = {"redis_ca": ca, "redis_certificate": certificate, "redis_key": key}
        url = f"rediss://127.0.0.1:{port}"
        settings = load(env_file=None, redis_url=url, outage_s=1.0, **files)
        with SyncRedis.from_url(plain) as admin:
            async with await connect(settings) as redis:
                await redis.ping()
                admin.config_set(*renew(after, 2))
                admin.client_kill_filter(_type="normal")
                assert await redis.ping()
