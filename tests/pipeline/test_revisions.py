from __future__ import annotations

import asyncio
import time
from itertools import groupby
from typing import TYPE_CHECKING

import pytest
import torch

from infra.broker import topic_creation
from infra.broker.topic_reader import read_all, read_letters
from infra.model_store import deployment
from infra.model_store.weights import WeightsStore
from models.egolog.contrastive import ENCODERS
from models.egolog.scenario import SCENARIO
from models.serving import served
from models.serving.registry import Loaded, Registry
from schemas import Activity, ModelUpdate, Scenario, ScenarioEstimate, Spatial, Window
from schemas.learning import SHIPPED
from streams.producers.recordings import open_recordings
from streams.producers.replay import Replay, ReplayOptions
from tests.pipeline.running import Worker, settings_for, unique_name, wait_until_settled

if TYPE_CHECKING:
    from pathlib import Path

    from infra.settings import Settings
    from models.egolog.scenario import ScenarioNet
    from tests.conftest import Services

# More than a worker gets through before it hears of another revision.
MINUTES = 8
DEVICES = 2
# What every message is known by, so that one that came twice is one.
KINDS: tuple[tuple[str, type[Window | Spatial | Activity | ScenarioEstimate | Scenario]], ...] = (
    ("windows", Window),
    ("spatial", Spatial),
    ("activity", Activity),
    ("scenario.estimate", ScenarioEstimate),
    ("scenario", Scenario),
)


def other_network(folder: Path) -> tuple[Loaded[ScenarioNet], Path]:
    """Return another scenario network for the shipped encoders."""
    network = Registry().load(SCENARIO).module
    with torch.no_grad():
        network.out.bias.add_(0.5)
    path = folder / "tuned.safetensors"
    return Registry().save(SCENARIO, network, path), path


async def publish(settings: Settings, folder: Path) -> str:
    loaded, path = other_network(folder)
    stored = WeightsStore.of(settings).put(path, "scenario", loaded.revision)
    await deployment.publish(
        settings,
        ModelUpdate(
            model="scenario",
            revision=loaded.revision,
            parent=SHIPPED,
            encoders=Registry().load(ENCODERS).revision,
            sha256=stored.sha256,
            weights=stored.url,
            metrics_before={"f1": 0.5},
            metrics={"f1": 0.6},
            reason="tried in a test",
            created_ns=time.time_ns(),
        ),
    )
    return loaded.revision


async def ids(settings: Settings) -> dict[str, set[str]]:
    return {
        name: {message.window_id for message in await read_all(settings, name, kind)}
        for name, kind in KINDS
    }


def in_use(worker: Worker) -> str:
    """Return the revision of the scenario network that a worker says it uses."""
    [line] = [
        line
        for line in worker.get("/metrics").text.splitlines()
        if line.startswith('egolog_model_revision_info{model="scenario"')
    ]
    assert line.endswith(" 1.0")
    return line.split('revision="')[1].split("+")[0]


async def follows(worker: Worker, revision: str) -> None:
    await asyncio.to_thread(worker.wait_until, lambda: in_use(worker) == revision)


@pytest.mark.pipeline
@pytest.mark.timeout(900)
async def test_a_swap_under_load_loses_no_frame_and_no_window(
    services: Services, tmp_path: Path
) -> None:
    recordings = open_recordings(f"simulated:16:{MINUTES}")
    shipped = Registry().load(SCENARIO).revision
    encoders = Registry(precision="int8").open(served.ENCODERS).recorded
    runs: list[tuple[dict[str, set[str]], dict[str, ScenarioEstimate]]] = []
    revision = ""
    for swap in (False, True):
        settings = settings_for(
            services,
            tmp_path / unique_name("run"),
            unique_name("swap"),
            # Longer than the replay may stand still on a busy machine.
            idle_timeout_s=60.0,
            debug_topics=True,
        )
        await topic_creation.create(settings)
        with Worker(settings) as worker:
            replay = asyncio.create_task(
                Replay(settings, ReplayOptions(speed=None, devices=DEVICES)).run(recordings)
            )
            if swap:
                await asyncio.to_thread(worker.wait_until, lambda: records(worker) > 12)
                revision = await publish(settings, tmp_path)
            report = await replay
            await asyncio.to_thread(wait_until_settled, worker)
            assert worker.metric("egolog_frames_total") == report.frames
            assert worker.metric("egolog_revisions_swapped_total") == int(swap)
            assert worker.metric("egolog_offset_gaps_total") == 0
            assert worker.metric("egolog_late_samples_total") == 0
            assert not await read_letters(settings)
            found = await read_all(settings, "scenario.estimate", ScenarioEstimate)
            runs.append((await ids(settings), {record.window_id: record for record in found}))
            if swap:
                await choose_by_hand(worker, shipped, revision)
                worker.stop()
                worker.start()
                assert in_use(worker) == revision

    (ids_without, without), (ids_with, evidence) = runs
    assert ids_with == ids_without
    # A second device is a moment later, so its last window may be one more.
    assert len(without) >= MINUTES * 2 * DEVICES
    assert {record.revision for record in without.values()} == {f"{shipped}+{encoders}"}
    changed = {window for window, record in evidence.items() if record != without[window]}
    assert {record.revision for record in evidence.values()} == {
        f"{shipped}+{encoders}",
        f"{revision}+{encoders}",
    }
    # To the last bit what the network that is named makes of a window, and nothing else differs.
    assert changed == {w for w, r in evidence.items() if r.revision.startswith(revision)}
    for window in changed:
        mine, theirs = evidence[window], without[window]
        assert mine.embeddings == theirs.embeddings
        assert mine.scenarios != theirs.scenarios
    # No window of a device falls back to the revision of before.
    for _, of_device in groupby(
        sorted(evidence.values(), key=lambda r: (r.device_id, r.start_ns)),
        key=lambda r: r.device_id,
    ):
        assert len([key for key, _ in groupby(of_device, key=lambda r: r.revision)]) <= 2


async def choose_by_hand(worker: Worker, shipped: str, revision: str) -> None:
    """Try the commands beside a running worker, which ends with `revision`."""
    assert in_use(worker) == revision
    output = await asyncio.to_thread(worker.command, "models", "rollback")
    assert output == f"rolled back to revision shipped ({shipped}) of model 'scenario'\n"
    await follows(worker, shipped)
    output = await asyncio.to_thread(worker.command, "models", "pin", revision[:6])
    assert output == f"pinned revision {revision} of model 'scenario'\n"
    await follows(worker, revision)
    listed = await asyncio.to_thread(worker.command, "models", "list")
    first, second = listed.splitlines()[1:]
    assert first.startswith(f"shipped ({shipped})")
    assert "not in use" in first
    for part in (revision, SHIPPED, "in use, pinned", "f1 0.500 → 0.600", "tried in a test"):
        assert part in second


def records(worker: Worker) -> int:
    return sum(sum(pair) for pair in worker.counts().values())
