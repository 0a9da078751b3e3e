from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.settings import Settings
from streams.engine import guarded_app
from streams.engine.app import EgoLogApp
from streams.engine.no_tables import NoTables

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def app(tmp_path: Path) -> EgoLogApp:
    return EgoLogApp(Settings(_env_file=None, run_dir=tmp_path, app_id="no-tables"))


async def test_a_worker_subscribes_without_waiting_for_tables(
    app: EgoLogApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_sleep(*_: object) -> None:
        pytest.fail("it sleeps")

    done: list[str] = []

    async def note(*_: object) -> None:
        done.append("started")

    tables = app.tables
    assert isinstance(tables, NoTables)
    monkeypatch.setattr(NoTables, "sleep", no_sleep)
    monkeypatch.setattr(type(tables.recovery), "start", note)
    monkeypatch.setattr(NoTables, "_update_channels", note)
    monkeypatch.setattr(app, "add_future", lambda coroutine: coroutine.close())
    await tables.on_start()
    assert done == ["started", "started"]


async def test_a_worker_after_one_that_was_killed_joins_once_its_session_has_ended(
    app: EgoLogApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.member_mark.path.touch()
    steps: list[str] = []

    async def sleep(_: object, seconds: float) -> None:
        steps.append(f"slept {round(seconds)}")

    async def note(*_: object) -> None:
        steps.append("started")

    monkeypatch.setattr(NoTables, "sleep", sleep)
    monkeypatch.setattr(type(app.tables.recovery), "start", note)
    monkeypatch.setattr(NoTables, "_update_channels", note)
    monkeypatch.setattr(app, "add_future", lambda coroutine: coroutine.close())
    await app.tables.on_start()
    assert steps == [f"slept {round(app.settings.session_timeout_s)}", "started", "started"]


def test_with_an_embedded_broker_nothing_is_left_of_a_killed_worker(
    app: EgoLogApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarded_app, "broker_life", lambda _: "another")
    app.member_mark.path.touch()
    assert app.member_mark.remaining_s() == 0.0


def test_a_table_is_refused(app: EgoLogApp) -> None:
    with pytest.raises(RuntimeError, match=r"table 'seen' would start too late"):
        app.Table("seen")
