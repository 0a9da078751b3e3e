from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from infra.metric_labels import DEPENDENCIES
from infra.metrics import REGISTRY
from infra.settings import Settings
from streams.engine import worker_health
from streams.engine.app import EgoLogApp
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


class Consumer:
    """Is answered for all partitions of sound and motion, or not."""

    answered = True

    def is_answered(self, topics: set[str], within_s: float) -> bool:
        assert topics == {"audio.frames", "imu.frames"}
        assert within_s > 9
        return self.answered

    def lag(self) -> dict[Any, int]:
        return {}

    def progress(self) -> dict[Any, Any]:
        return {}


async def test_brokers_of_a_cluster_that_are_away_are_named_while_another_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker_health, "_OBSERVE_INTERVAL_S", 0.001)
    consumer: Any = Consumer()
    unconfirmed_s = 0.0
    settings = Settings(_env_file=None, run_dir=tmp_path, broker_url="kafka://a:1,b:2")
    health = WorkerHealth(settings, lambda: consumer, lambda: None, list, lambda: unconfirmed_s)
    assert health.problems()["broker"] is None
    consumer.answered = False
    unread = health.problems()["broker"]
    assert unread == (
        "broker at kafka://a:1,b:2 does not answer for every partition of sound and motion: start "
        "those of its brokers that are away"
    )
    consumer.answered, unconfirmed_s = True, 11.0
    assert health.problems()["broker"] is None
    unconfirmed_s = 13.0
    problem = health.problems()["broker"]
    assert problem is not None
    assert "does not confirm what is published" in problem
    watching = asyncio.create_task(health.watch_consumer())
    async with asyncio.timeout(30):
        while unavailable()["broker"] != 1.0:
            await asyncio.sleep(0.001)
        for answered in (False, True, False):
            consumer.answered = answered
            await asyncio.sleep(0.02)
        consumer.answered, unconfirmed_s = True, 0.0
        while unavailable()["broker"] != 0.0:
            await asyncio.sleep(0.001)
    watching.cancel()
    assert caplog.messages == [
        f"{problem}; until then windows wait",
        f"{unread}; until then windows wait",
        "broker at kafka://a:1,b:2 is there again",
    ]


def test_who_stays_out_of_its_group_is_not_ready_and_lacks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # To ask for it would make it, with an event loop of its own.
    monkeypatch.setattr(EgoLogApp, "guarded_consumer", lambda _: None)
    app = EgoLogApp(Settings(_env_file=None, run_dir=tmp_path, app_id="out"))
    assert app.vitals.problem() is None
    with app.crash_loop.staying_out(12.0):
        said = app.vitals.problem()
        assert said is not None
        assert said.startswith("this worker ended soon after each of its last starts: it stays out")
        assert not any(app.vitals.problems().values())
    assert app.vitals.problem() is None
