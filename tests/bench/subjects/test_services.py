from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from bench.subjects.services import EMBEDDED, KAFKA, Services
from bench.subjects.subject import PRODUCT, process
from infra.local.embedded import broker_life

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("broker", "life"), [(EMBEDDED, "one"), (KAFKA, None)])
def test_a_worker_knows_that_its_broker_is_the_embedded_one(
    broker: str, life: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.local.embedded.kafka_answers", lambda _: True)
    brokers: dict[str, Any] = {
        EMBEDDED: SimpleNamespace(url="kafka://127.0.0.1:1"),
        KAFKA: SimpleNamespace(url="kafka://127.0.0.1:2"),
    }
    store: Any = SimpleNamespace(url="redis://127.0.0.1:3/0")
    settings = Services(tmp_path, brokers, store, {}).settings("one", 1, broker)
    child = process("one", PRODUCT, settings, 0, tmp_path / "one.log")
    run_dir = cast("dict[str, str]", child._env)["EGOLOG_RUN_DIR"]
    assert broker_life(settings.model_copy(update={"run_dir": tmp_path / "one" / "0"})) == life
    assert run_dir == str(tmp_path / "one" / "0")
