from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.broker_embedded import EmbeddedBroker
from infra.redis_embedded import EmbeddedRedis


@pytest.fixture(scope="session")
def broker_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One embedded broker for the session; tests keep apart by topic names."""
    with EmbeddedBroker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker.url


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One embedded Redis for the session; tests keep apart by app id."""
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as redis:
        yield redis.url


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return tmp_path / "run"
