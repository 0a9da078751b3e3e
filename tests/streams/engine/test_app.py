from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from redis.exceptions import OutOfMemoryError

from infra import topics
from infra.errors import InfraError, TopicsError
from infra.notifications.rules_file import NotificationPlan
from infra.settings import load
from schemas.notification import Rule, parse_condition
from streams import corrections, frame_reader, log, notifications, refiner
from streams.engine.app import EgoLogApp

if TYPE_CHECKING:
    from pathlib import Path

    from streams.engine.runtime import Runtime


@pytest.fixture
def app(tmp_path: Path) -> EgoLogApp:
    return EgoLogApp(load(env_file=None, run_dir=tmp_path, topic_prefix="lab."))


async def nothing(stream: Any) -> None:
    """Read nothing."""


def sources(app: EgoLogApp, agent: str) -> list[str]:
    return list(app.agents[agent].channel.topics)


def test_agents_read_the_topics_that_they_name(app: EgoLogApp) -> None:
    app.reader("log", (topics.SCENARIO, topics.ACTIVITY), nothing)
    app.reader("windower", (topics.IMU_FRAMES,), nothing)
    assert sources(app, "log") == ["lab.scenario", "lab.activity"]
    assert sources(app, "windower") == ["lab.imu.frames"]


def test_the_topics_of_all_agents_are_those_whose_lag_is_told(app: EgoLogApp) -> None:
    for agent in (frame_reader, refiner, log, corrections):
        agent.register(app)
    when = "device silent for 10 min"
    rule = Rule("silence", when, parse_condition(when, {}), ())
    notifications.register(app, NotificationPlan((rule,), {}))
    read = {name for agent in app.agents for name in sources(app, agent)}
    assert read == {f"lab.{name}" for name in topics.READ_BY_WORKERS}


@pytest.mark.parametrize(("session_s", "heartbeat_s"), [(6.0, 0.5), (60.0, 0.5)])
def test_a_worker_learns_within_half_a_second_that_another_is_gone(
    tmp_path: Path, session_s: float, heartbeat_s: float
) -> None:
    app = EgoLogApp(load(env_file=None, run_dir=tmp_path, session_timeout_s=session_s))
    assert app.conf.broker_heartbeat_interval == pytest.approx(heartbeat_s)


def test_what_is_written_goes_to_the_topic_by_the_brokers_name(app: EgoLogApp) -> None:
    assert app._publisher._full_name(topics.SCENARIO_ESTIMATE) == "lab.scenario.estimate"


def test_devices_are_out_of_reach_while_a_broker_that_answers_confirms_nothing(
    app: EgoLogApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered, unconfirmed_s = True, {"windower": 0.0, "log": 0.0}
    monkeypatch.setattr(app, "is_answered", lambda *names, within_s: answered)
    for name in unconfirmed_s:
        queue = app.publish_queue(name)
        monkeypatch.setattr(
            type(queue), "unconfirmed_s", property(lambda each: unconfirmed_s[each.name])
        )
    assert app.reaches_devices(topics.AUDIO_FRAMES, within_s=5.0)
    unconfirmed_s["log"] = 5.1
    assert not app.reaches_devices(topics.AUDIO_FRAMES, within_s=5.0)
    answered, unconfirmed_s["log"] = False, 0.0
    assert not app.reaches_devices(topics.AUDIO_FRAMES, within_s=5.0)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (TopicsError("topic spatial is missing"), "topic spatial is missing"),
        (
            OutOfMemoryError("command not allowed.", status_code="OOM"),
            "redis at redis://**********@store refuses: OOM command not allowed",
        ),
    ],
)
async def test_a_service_that_fails_ends_the_worker_with_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, error: Exception, line: str
) -> None:
    app = EgoLogApp(load(env_file=None, run_dir=tmp_path, redis_url="redis://:secret@store"))

    async def fail() -> None:
        raise error

    await app.crash_on_error(fail())
    await app.crash_on_error(fail())
    assert app.crashed
    assert isinstance(app.crash_reason, InfraError)
    assert caplog.messages == [f"the worker ends: {line}"]
    assert caplog.records[0].exc_info is None


async def test_agents_of_a_worker_that_ends_add_no_traceback_to_its_line(app: EgoLogApp) -> None:
    async def read(stream: Any) -> None:
        await asyncio.Event().wait()

    app.reader("log", (topics.SCENARIO,), read)

    async def cancelled() -> None:
        agent = asyncio.ensure_future(app.agents["log"].fun(None))
        await asyncio.sleep(0)
        agent.cancel()
        await agent

    with pytest.raises(asyncio.CancelledError):
        await cancelled()
    app.end(TopicsError("topic spatial is missing"))
    # Faust logs the traceback of an agent that ends as cancelled.
    await cancelled()


async def test_what_nobody_foresaw_ends_the_worker_with_its_traceback(
    app: EgoLogApp, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await app.crash_on_error(fail())
    assert app.crashed
    assert "ZeroDivisionError" in caplog.text
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("ends_by_itself", [False, True])
async def test_only_a_worker_that_ends_by_itself_counts_as_one_that_lived_shortly(
    app: EgoLogApp, monkeypatch: pytest.MonkeyPatch, *, ends_by_itself: bool
) -> None:
    async def close() -> None:
        """Close nothing."""

    app._runtime = cast("Runtime", SimpleNamespace(close=close))
    monkeypatch.setattr(app._controls, "close", close)
    # To ask for it would make it, with an event loop of its own.
    monkeypatch.setattr(app, "guarded_consumer", lambda: None)
    app.crash_loop.note_join()
    if ends_by_itself:
        app.end(TopicsError("topic spatial is missing"))
    await app.on_stop()
    joined = app.settings.run_dir / f"joined-{app.settings.web_port}"
    assert joined.exists() == ends_by_itself


async def test_where_a_worker_does_not_start_its_connections_close_when_it_stops(
    app: EgoLogApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_now: list[str] = []

    async def open_controls(settings: object) -> None:
        open_now.append("device.control")

    async def close_controls() -> None:
        open_now.clear()

    async def fail(*_: object) -> None:
        raise TopicsError("topic model.updates is missing")

    monkeypatch.setattr(app._controls, "open", open_controls)
    monkeypatch.setattr(app._controls, "close", close_controls)
    monkeypatch.setattr("streams.engine.app.Runtime.open", fail)
    with pytest.raises(TopicsError):
        await app._start_worker()
    assert open_now == ["device.control"]
    await app.on_stop()
    assert open_now == []
