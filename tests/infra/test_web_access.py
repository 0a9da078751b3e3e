from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from infra.errors import SettingsError
from infra.settings import load
from infra.web_access import is_loopback, require_guard
from models.serving.registry import Registry
from streams.engine.worker import prepare


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost", "log.localhost"])
def test_loopback_needs_no_guard(host: str) -> None:
    assert is_loopback(host)
    require_guard(load(env_file=None), host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "log.example.org", ""])
def test_a_page_that_a_network_reaches_needs_a_guard(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(SettingsError):
        require_guard(load(env_file=None), host)
    require_guard(load(env_file=None, web_token="sixteen-or-more-"), host)
    require_guard(load(env_file=None, web_trusted_proxy="10.0.0.0/8, ::1"), host)


def test_a_worker_without_one_does_not_start() -> None:
    conf: Any = SimpleNamespace(web_enabled=True, web_bind="0.0.0.0", web_port=6066)
    loop: Any = None
    with pytest.raises(SettingsError) as caught:
        prepare(load(env_file=None), conf, loop, Registry())
    assert str(caught.value) == (
        "setting EGOLOG_WEB_HOST has value '0.0.0.0': expected it with EGOLOG_WEB_TOKEN or "
        "EGOLOG_WEB_TRUSTED_PROXY, because the page shows what its wearers did"
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"web_token": "fifteen-letters"}, "at least 16 characters"),
        ({"web_trusted_proxy": "10.0.0.1/8"}, "addresses or networks, as 10.0.0.0/8"),
        ({"web_trusted_proxy": "proxy"}, "addresses or networks, as 10.0.0.0/8"),
        ({"web_hosts": "a/b"}, "host names or addresses without ports, with commas between them"),
    ],
)
def test_a_guard_that_guards_nothing_is_refused(fields: dict[str, Any], expected: str) -> None:
    with pytest.raises(SettingsError, match=expected):
        load(env_file=None, **fields)
