from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from infra.metric_labels import DEPENDENCIES
from infra.metrics import REGISTRY
from infra.settings import Settings
from streams.engine import worker_health
from streams.engine.worker_health import WorkerHealth

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def unavailable() -> dict[str, float | None]:
    return {
        name: REGISTRY.get_sample_value("egolog_unavailable", {"dependency": name})
        for name in DEPENDENCIES
    }


async def test_what_a_worker_lacks_is_a_metric_until_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = {"problem": "disk of .run has 3 MB left: expected at least 100 MB"}
    monkeypatch.setattr(worker_health, "disk_problem", lambda _folder: free.get("problem"))
    monkeypatch.setattr(worker_health, "_OBSERVE_INTERVAL_S", 0.001)
    settings = Settings(_env_file=None, run_dir=tmp_path)
    health = WorkerHealth(settings, lambda: None, lambda: None, list)
    assert set(health.problems()) == set(DEPENDENCIES)
    watching = asyncio.create_task(health.watch_consumer())
    async with asyncio.timeout(30):
        while not any(unavailable().values()):
            await asyncio.sleep(0)
        assert unavailable() == {**dict.fromkeys(DEPENDENCIES, 0.0), "disk": 1.0}
        assert health.problem() == free.pop("problem")
        while any(unavailable().values()):
            await asyncio.sleep(0.001)
    assert health.problem() is None
    watching.cancel()
