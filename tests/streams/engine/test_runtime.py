from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import BrokerError
from infra.settings import load
from streams.engine import runtime as module
from streams.engine.runtime import Runtime
from tests.models import fresh

if TYPE_CHECKING:
    from pathlib import Path

    from infra.settings import Settings
    from models.serving.registry import Registry

STEPS = ("Recognizers.load", "ModelUpdates.open", "open_llm", "KnownLabels.open", "open_positions")


class Connections:
    """Stands in for the store, the topics and the endpoint, and counts which are open."""

    def __init__(self, fails: str | None = None) -> None:
        self.open: list[str] = []
        self.fails = fails

    def step(self, name: str) -> None:
        if name == self.fails:
            raise BrokerError(f"{name} fails")

    def connection(self, name: str) -> Any:
        async def close() -> None:
            self.open.remove(name)

        self.open.append(name)
        return SimpleNamespace(close=close, aclose=close)

    def replace(self, patched: pytest.MonkeyPatch) -> None:
        every = self

        async def connect(settings: Settings) -> Any:
            return every.connection("redis")

        class Followed:
            name = ""

            def __init__(self, *_: object) -> None:
                self.close: Any = None

            async def open(self) -> None:
                every.step(f"{self.name}.open")
                self.close = every.connection(self.name).close

        def open_llm(settings: Settings, redis: Any) -> Any:
            every.step("open_llm")
            return every.connection("llm")

        load_networks, open_positions = module.Recognizers.load, module.open_positions

        def load_or_fail(*arguments: Any) -> Any:
            every.step("Recognizers.load")
            return load_networks(*arguments)

        def positions_or_fail(registry: Registry) -> Any:
            every.step("open_positions")
            return open_positions(registry)

        patched.setattr(module, "connect", connect)
        patched.setattr(module, "open_llm", open_llm)
        patched.setattr(module, "open_positions", positions_or_fail)
        patched.setattr(module.Recognizers, "load", load_or_fail)
        for name in ("ModelUpdates", "KnownLabels"):
            patched.setattr(module, name, type(name, (Followed,), {"name": name}))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return fresh.registry(tmp_path_factory.mktemp("weights"))


@pytest.mark.parametrize("fails", STEPS)
async def test_where_a_step_of_its_opening_fails_nothing_stays_open(
    fails: str, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections = Connections(fails)
    connections.replace(monkeypatch)
    before = asyncio.all_tasks()
    with pytest.raises(BrokerError, match=f"^{fails} fails$"):
        await Runtime.open(load(env_file=None, run_dir=tmp_path), registry=registry)
    assert connections.open == []
    assert asyncio.all_tasks() == before


async def test_closing_it_closes_everything(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections = Connections()
    connections.replace(monkeypatch)
    before = asyncio.all_tasks()
    opened = await Runtime.open(load(env_file=None, run_dir=tmp_path), registry=registry)
    assert connections.open == ["redis", "ModelUpdates", "llm", "KnownLabels"]
    assert asyncio.all_tasks() > before
    await opened.close()
    assert connections.open == []
    assert asyncio.all_tasks() == before
    for pool in (opened.pool, opened.windowing_pool):
        with pytest.raises(RuntimeError, match="shutdown"):
            pool.submit(print)


async def test_what_fails_to_close_leaves_the_rest_not_open(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections = Connections()
    connections.replace(monkeypatch)
    opened = await Runtime.open(load(env_file=None, run_dir=tmp_path), registry=registry)

    async def fail() -> None:
        raise BrokerError("the update's topic does not close")

    opened._opened.push_async_callback(fail)
    with pytest.raises(BrokerError, match="does not close"):
        await opened.close()
    assert connections.open == []
