from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from infra.broker import topic_creation
from infra.broker.topic_reader import read_letters
from infra.local.probe import free_port
from streams.producers.recordings import open_recordings
from streams.producers.replay import Replay, ReplayOptions
from tests.pipeline.commits import commit_lag
from tests.pipeline.log import differences, log_content
from tests.pipeline.running import Worker, settings_for, unique_name, wait_until_settled
from tests.shared_data import shared_data

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.recordings.protocol import Recording
    from tests.conftest import Services

MINUTES = 2.0


async def log_at_any_speed(
    services: Services, folder: Path, recordings: Sequence[Recording]
) -> list[dict[str, Any]]:
    """Replay as fast as possible and at a speed of 20; return the rows, alike of both."""
    logs = []
    for speed in (None, 20.0):
        settings = settings_for(services, folder / unique_name("run"), unique_name("speed"))
        await topic_creation.create(settings)
        with Worker(settings) as worker:
            await Replay(settings, ReplayOptions(speed=speed)).run(recordings)
            wait_until_settled(worker)
            assert not await read_letters(settings)
        logs.append(await log_content(settings))
    assert not differences(logs[0], logs[1])
    [rows] = logs[0].values()
    return rows


@pytest.mark.pipeline
@pytest.mark.timeout(600)
async def test_any_speed_gives_the_same_log(services: Services, tmp_path: Path) -> None:
    recordings = open_recordings(f"simulated:11:{MINUTES}")
    rows = await log_at_any_speed(services, tmp_path, recordings)
    assert sum(row["row"] == "scenario" for row in rows) == MINUTES * 2
    assert sum(row["row"] == "activity" for row in rows) == MINUTES * 12


@pytest.mark.timeout(600)
@pytest.mark.pipeline
@pytest.mark.parametrize("spec", ["composed:D2_u33", "hapt:u09"])
async def test_a_real_recording_gives_the_same_complete_log_at_any_speed(
    services: Services, tmp_path: Path, spec: str
) -> None:
    data = shared_data()
    recordings = open_recordings(spec, data)
    rows = await log_at_any_speed(services, tmp_path, recordings)
    scenarios = {(row["session_id"], row["start_ns"]) for row in rows if row["row"] == "scenario"}
    wanted = {
        (recording.session_id, start)
        for recording in recordings
        for start in windows_of(recording.start_ns, recording.duration_s, 30)
    }
    assert scenarios == wanted
    activities = {(row["session_id"], row["start_ns"]) for row in rows if row["row"] == "activity"}
    assert activities == {
        (recording.session_id, start)
        for recording in recordings
        for start in windows_of(recording.start_ns, recording.duration_s, 5)
    }


def windows_of(start_ns: int, duration_s: float, length_s: int) -> list[int]:
    length = length_s * 1_000_000_000
    # The last sample lies before the end, so an end on a boundary opens no window.
    last = start_ns + round(duration_s * 1e9) - 1
    return [index * length for index in range(start_ns // length, last // length + 1)]


@pytest.mark.timeout(600)
async def test_a_killed_worker_loses_and_changes_nothing(
    services: Services, tmp_path: Path
) -> None:
    recordings = open_recordings("simulated:12:1")
    logs = []
    for kills in (0, 2):
        settings = settings_for(services, tmp_path / unique_name("run"), unique_name("kill"))
        await topic_creation.create(settings)
        options = ReplayOptions(speed=None, devices=2)
        with Worker(settings) as worker:
            await Replay(settings, options).run(recordings)
            for kill in range(kills):
                wait_until_records(worker, 8 * (kill + 1))
                worker.kill()
                worker.start()
            wait_until_settled(worker)
            assert not await read_letters(settings)
            worker.stop()
        assert await commit_lag(settings) == {}
        logs.append(await log_content(settings))
        shutil.rmtree(settings.run_dir)
    assert not differences(logs[0], logs[1])
    assert len(logs[0]) == 2


def wait_until_records(worker: Worker, count: int) -> None:
    worker.wait_until(lambda: sum(sum(pair) for pair in worker.counts().values()) >= count)


@pytest.mark.pipeline
@pytest.mark.timeout(600)
async def test_workers_that_come_and_go_lose_and_change_nothing(
    services: Services, tmp_path: Path
) -> None:
    recordings = open_recordings("simulated:15:2")
    options = ReplayOptions(speed=None, devices=4)
    logs: list[dict[str, list[Any]]] = []
    for together in (False, True):
        # Longer than the replay may stand still on a busy machine.
        settings = settings_for(
            services, tmp_path / unique_name("run"), unique_name("join"), idle_timeout_s=8.0
        )
        await topic_creation.create(settings)
        with Worker(settings) as first:
            await Replay(settings, options).run(recordings)
            if not together:
                wait_until_settled(first)
            else:
                wait_until_records(first, 12)
                other = {"web_port": free_port(), "run_dir": tmp_path / unique_name("second")}
                with Worker(settings.model_copy(update=other)) as second:
                    wait_until_records(second, 36)
                    first.stop()
                    # The second lags only in its own partitions, until it has got the first's.
                    wait_until_records(second, sum(map(len, logs[0].values())))
                    wait_until_settled(second)
            assert not await read_letters(settings)
        logs.append(await log_content(settings))
    assert not differences(logs[0], logs[1])
    assert len(logs[0]) == 4
