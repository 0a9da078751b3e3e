from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.settings import Settings
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
    await tables.on_start()
    assert done == ["started", "started"]


def test_a_table_is_refused(app: EgoLogApp) -> None:
    with pytest.raises(RuntimeError, match=r"table 'seen' would start too late"):
        app.Table("seen")
