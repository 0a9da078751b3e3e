from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from infra.errors import RevisionError
from infra.model_store.store_calls import SilentStoreError, ask
from infra.model_store.weights import WeightsStore

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> WeightsStore:
    return WeightsStore(str(tmp_path / "store"), tmp_path / "copies")


async def test_what_the_store_answers_and_raises_comes_back(
    store: WeightsStore, tmp_path: Path
) -> None:
    weights = tmp_path / "made.safetensors"
    weights.write_bytes(b"weights")
    stored = await ask(store, store.put, weights, "scenario", "a" * 12)
    copy = await ask(store, store.get, stored.url, stored.sha256)
    assert copy.read_bytes() == b"weights"
    with pytest.raises(RevisionError, match="but the update says 000000000000"):
        await ask(store, store.get, stored.url, "0" * 64)


async def test_a_store_that_is_silent_is_named_and_keeps_no_later_call_waiting(
    store: WeightsStore,
) -> None:
    go_on = threading.Event()
    try:
        with pytest.raises(
            SilentStoreError,
            match=r"^store of weights /.*/store did not answer within 0.05 s: start it, or correct "
            r"EGOLOG_REVISIONS_URL$",
        ):
            await ask(store, go_on.wait, limit_s=0.05)
        assert await ask(store, int, "7", limit_s=60.0) == 7
    finally:
        go_on.set()
    await asyncio.sleep(0.05)  # Its late answer changes nothing.


def test_a_process_ends_while_a_store_is_silent(tmp_path: Path) -> None:
    program = f"""
import asyncio, threading
from infra.errors import RevisionError
from infra.model_store.store_calls import ask
from infra.model_store.weights import WeightsStore

async def main():
    store = WeightsStore({str(tmp_path)!r}, {str(tmp_path)!r})
    try:
        await ask(store, threading.Event().wait, limit_s=0.05)
    except RevisionError as error:
        print(error)

asyncio.run(main())
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert "did not answer within 0.05 s" in ended.stdout
