from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from infra.device_state.corrected_windows import CorrectedWindows
from models.egolog.segment_row import ROW_WIDTH
from models.labels import SCENARIOS
from schemas import FinetuneItem, Vector
from schemas.correction import WEARER
from streams.engine.correction_adapters import CorrectionAdapters
from tests.infra.daily_log.stored_records import T0, S, scenario
from tests.infra.redis.closed_redis import closed_redis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis.asyncio import Redis

NETWORK, ENCODERS = "0" * 12, "e" * 12


class Recognizer:
    """Takes everything for the first scenario; knows what it was asked."""

    def __init__(self) -> None:
        self.scenario_revision, self.encoders_in_records = NETWORK, {ENCODERS}
        self.asked: list[float] = []

    def classify(self, rows: np.ndarray) -> dict[str, float]:
        self.asked.append(float(rows[0, 0]))
        return {name: 0.9 if name == SCENARIOS[0] else 0.1 for name in SCENARIOS}


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def item(number: int, *labels: str, encoders: str = ENCODERS) -> FinetuneItem:
    record = scenario(T0 + number * 30 * S, revision=f"{NETWORK}+{encoders}+12345678")
    rows = np.full((15, ROW_WIDTH), number, np.float16)
    return FinetuneItem.of(record, Vector.of(rows, "<f2"), labels, WEARER)


def make_adapters(
    redis: Redis, pool: ThreadPoolExecutor, recognizer: Any, **more: Any
) -> CorrectionAdapters:
    return CorrectionAdapters(CorrectedWindows(redis, "app"), recognizer, pool, **more)


async def test_what_was_corrected_judges_the_wearers_windows_and_nobody_elses(
    redis: Redis, pool: ThreadPoolExecutor
) -> None:
    network = Recognizer()
    wearers = make_adapters(redis, pool, network)
    assert await wearers.adapter("d1") is None
    await wearers.learn([item(n, SCENARIOS[3]) for n in range(9)])
    adapter = await wearers.adapter("d1")
    assert adapter is not None
    assert (adapter.network, adapter.name[0], len(adapter.name)) == (NETWORK, "c", 7)
    shift = adapter.shift(np.full(len(SCENARIOS), -2.2) + np.eye(len(SCENARIOS))[0] * 4.4)
    assert shift[0] < -2 < 2 < shift[3]
    assert await wearers.adapter("d2") is None
    assert network.asked == [*map(float, range(9))]


async def test_an_adapter_is_made_once_for_each_change_and_each_network(
    redis: Redis, pool: ThreadPoolExecutor
) -> None:
    network = Recognizer()
    wearers = make_adapters(redis, pool, network)
    await wearers.learn([item(0, "Eating")])
    first = await wearers.adapter("d1")
    assert await wearers.adapter("d1") is first
    assert network.asked == [0.0]
    network.scenario_revision = "1" * 12
    tuned = await wearers.adapter("d1")
    assert tuned is not None
    assert first is not None
    assert (tuned.network, tuned.name) == ("1" * 12, first.name)
    await wearers.learn([item(1, "Eating")])
    more = await wearers.adapter("d1")
    assert more is not None
    assert more.name != first.name
    await wearers.learn([item(0), item(1)])
    assert await wearers.adapter("d1") is None


async def test_a_worker_that_starts_anew_judges_by_the_same_windows(
    redis: Redis, pool: ThreadPoolExecutor
) -> None:
    for n in (1, 0):
        await make_adapters(redis, pool, Recognizer()).learn([item(n, "Eating")])
    adapters = [await make_adapters(redis, pool, Recognizer()).adapter("d1") for _ in range(2)]
    odds = np.linspace(-3, 3, len(SCENARIOS))
    names = {adapter.name for adapter in adapters if adapter is not None}
    shifts = [adapter.shift(odds).tobytes() for adapter in adapters if adapter is not None]
    assert (len(names), len(shifts), len({*shifts})) == (1, 2, 1)


async def test_features_of_other_encoders_say_nothing(
    redis: Redis, pool: ThreadPoolExecutor
) -> None:
    wearers = make_adapters(redis, pool, Recognizer())
    await wearers.learn([item(0, "Eating", encoders="f" * 12)])
    assert await wearers.adapter("d1") is None


async def test_nothing_is_kept_of_a_device_that_is_withheld(
    redis: Redis, pool: ThreadPoolExecutor
) -> None:
    wearers = make_adapters(redis, pool, Recognizer(), withholds=lambda device: device == "d1")
    await wearers.learn([item(0, "Eating")])
    assert await wearers.adapter("d1") is None


async def test_a_store_that_is_away_means_no_adapter(
    pool: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    wearers = make_adapters(closed_redis(), pool, Recognizer())
    assert await wearers.adapter("d1") is None
    assert "judged without its corrections" in caplog.text
