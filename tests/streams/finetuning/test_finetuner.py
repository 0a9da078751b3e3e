from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from infra import metric_labels, metrics
from infra.broker.device_control import write_control
from infra.broker.topic_reader import read_letters
from infra.errors import BrokerError, FinetuneError
from infra.local.process import wait_until_gone
from infra.model_store import deployment
from infra.model_store.replay_buffer import ReplayBuffer, buffer_path
from infra.model_store.weights import WeightsStore
from infra.settings import Settings
from models.egolog.contrastive import ENCODERS
from models.egolog.scenario import SCENARIO
from models.serving.registry import Registry
from schemas import DeviceControl, FinetuneItem
from schemas.correction import WEARER
from schemas.learning import SHIPPED
from streams.engine.device_controls import DeviceControls
from streams.finetuning.finetuner import Finetuner
from tests.broker_settings import never_resting, with_topics
from tests.models.finetuning.windows import items, mislabel, queue, stuck
from tests.pipeline.running import Worker, wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence

# All of the steps take half a minute, and every test here trains.
SHORT = 60


@pytest.fixture
async def settings(broker_url: str, redis_url: str, tmp_path: Path) -> Settings:
    return await settings_on(broker_url, redis_url, tmp_path)


@pytest.fixture
async def any_settings(any_broker_url: str, redis_url: str, tmp_path: Path) -> Settings:
    return await settings_on(any_broker_url, redis_url, tmp_path)


async def settings_on(url: str, redis_url: str, tmp_path: Path) -> Settings:
    made = await with_topics(url, 2)
    changes = {
        "redis_url": redis_url,
        "app_id": uuid4().hex[:8],
        "run_dir": tmp_path / "run",
        "finetune_after": len(queue()),
        "finetune_sequence_steps": SHORT,
    }
    return Settings(**{**made.model_dump(exclude_unset=True), **changes}, _env_file=None)


async def send(settings: Settings, found: Sequence[FinetuneItem | bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers, acks="all")
    await producer.start()
    try:
        for number, item in enumerate(found):
            value = item if isinstance(item, bytes) else item.encode()
            await producer.send_and_wait(
                settings.topic("finetune.queue"), key=b"glasses", value=value, partition=number % 2
            )
    finally:
        await producer.stop()


async def run_finetuner(settings: Settings) -> None:
    async with Finetuner(settings, Registry()) as finetuner:
        await finetuner.run(once=True)


def buffer(settings: Settings) -> ReplayBuffer:
    return ReplayBuffer(buffer_path(settings.run_dir), settings.finetune_buffer_max)


def items_counted(outcome: str) -> float:
    value = metrics.REGISTRY.get_sample_value("egolog_finetune_items_total", {"outcome": outcome})
    assert value is not None
    return value


async def test_once_ends_where_the_queue_ended_though_items_keep_coming(
    settings: Settings,
) -> None:
    await send(settings, items(queue())[:3])
    before = items_counted("kept")
    async with never_resting(settings, "finetune.queue", b"late"), asyncio.timeout(120):
        await run_finetuner(settings)
    assert items_counted("kept") == before + 3


async def test_items_become_a_published_revision_that_is_better_than_its_parent(
    any_settings: Settings,
) -> None:
    settings = any_settings
    await send(settings, items(queue()))
    await run_finetuner(settings)
    update = await deployment.in_use(settings)
    assert update.parent == SHIPPED
    assert update.encoders == Registry().load(ENCODERS).revision
    assert update.metrics["queue_loss"] < update.metrics_before["queue_loss"]
    assert update.metrics["coreset_f1"] >= update.metrics_before["coreset_f1"] - 0.005
    assert update.weights is not None
    assert update.sha256 is not None
    path = WeightsStore.of(settings).get(update.weights, update.sha256)
    assert sha256(path.read_bytes()).hexdigest() == update.sha256
    assert Registry().load(SCENARIO, path).revision == update.revision
    [attempt] = await deployment.history(settings)
    assert (attempt.state, attempt.revision) == ("accepted", update.revision)
    # What was read is committed, so nothing is due and nothing is published again.
    await run_finetuner(settings)
    assert len(await deployment.history(settings)) == 1


@pytest.mark.pipeline
async def test_one_label_for_everything_publishes_nothing_and_leaves_its_figures(
    settings: Settings,
) -> None:
    await send(settings, items(stuck(queue())))
    await run_finetuner(settings)
    assert (await deployment.in_use(settings)).revision == SHIPPED
    [attempt] = await deployment.history(settings)
    assert attempt.state == "rejected"
    assert attempt.weights is None
    assert attempt.reason.startswith("labels as varied as 1.0 scenarios")
    assert attempt.before["queue_windows"] == attempt.after["queue_windows"] > 0
    with buffer(settings) as kept:
        assert kept.fresh == 0


@pytest.mark.pipeline
async def test_over_a_pinned_revision_nothing_is_published(settings: Settings) -> None:
    await deployment.pin(settings, SHIPPED)
    await send(settings, items(queue()))
    await run_finetuner(settings)
    now = await deployment.in_use(settings)
    assert (now.revision, now.pinned) == (SHIPPED, True)
    [attempt] = await deployment.history(settings)
    assert attempt.state == "rejected"
    assert attempt.reason.startswith("pinned: revision shipped is not to be replaced")


async def test_what_cannot_be_learned_from_is_counted_and_what_cannot_be_read_is_a_dead_letter(
    settings: Settings,
) -> None:
    few = items(queue())[:6]
    unknown = few[0].model_copy(update={"pseudo_labels": ["Flying"]})
    unnamed = few[1].model_copy(update={"pseudo_labels": []})
    foreign = items(queue(), encoders="f" * 12)[2]
    before = {name: items_counted(name) for name in metric_labels.FINETUNE_ITEMS}
    await send(settings, [b"no message", unknown, unnamed, foreign, *few[3:], few[3]])
    await run_finetuner(settings)
    after = {name: items_counted(name) - before[name] for name in metric_labels.FINETUNE_ITEMS}
    assert after == {
        "kept": 3,
        "duplicate": 1,
        "unlabelled": 1,
        "other_encoders": 1,
        "taken_back": 0,
    }
    letters = await read_letters(settings)
    assert [(letter.topic, letter.stage) for letter in letters] == [
        (settings.topic("finetune.queue"), "finetune")
    ] * 2
    assert any("'Flying'" in letter.error for letter in letters)
    with buffer(settings) as kept:
        assert (len(kept), kept.fresh) == (3, 3)


async def test_a_window_refined_twice_is_one_item_over_a_restart(settings: Settings) -> None:
    few = items(queue())[:4]
    await send(settings, few)
    await run_finetuner(settings)
    again = few[0].model_copy(update={"pseudo_labels": ["Eating"]})
    await send(settings, [again])
    await run_finetuner(settings)
    with buffer(settings) as kept:
        messages = [FinetuneItem.decode(m) for m in kept.messages(kept.newest)]
    assert len(messages) == 4
    assert [m.pseudo_labels for m in messages if m.window_id == again.window_id] == [["Eating"]]


async def test_a_wearers_word_stands_beside_guesses_until_it_is_taken_back(
    settings: Settings,
) -> None:
    few = items(queue())[:4:2]
    word = {"provenance": WEARER, "pseudo_labels": ["Eating"]}
    corrected = [few[n].model_copy(update=word) for n in (0, 1)]
    back = corrected[1].model_copy(update={"pseudo_labels": []})
    # All of one partition, as the pipeline has them.
    await send(
        settings, [each for item in (*corrected, *few, back) for each in (item, b"no message")]
    )
    await run_finetuner(settings)
    with buffer(settings) as kept:
        messages = [FinetuneItem.decode(m) for m in kept.messages(kept.newest)]
    assert [(m.window_id, m.provenance) for m in messages if m.provenance == WEARER] == [
        (few[0].window_id, WEARER)
    ]
    assert len(messages) == 3


@pytest.mark.pipeline
async def test_what_was_pending_at_a_crash_is_published_once(settings: Settings) -> None:
    await send(settings, items(queue()))
    await run_finetuner(settings)
    update = await deployment.in_use(settings)
    # As if it had died after publishing, before it could note that.
    with buffer(settings) as kept:
        kept.pend(update.encode(), kept.newest)
    await run_finetuner(settings)
    assert await deployment.in_use(settings) == update
    assert len(await deployment.history(settings)) == 1
    # And as if before publishing, when another was chosen meanwhile.
    await deployment.rollback(settings)
    with buffer(settings) as kept:
        kept.pend(update.encode(), kept.newest)
    await run_finetuner(settings)
    assert (await deployment.in_use(settings)).revision == SHIPPED
    assert [a.state for a in await deployment.history(settings)] == ["rolled back"]
    with buffer(settings) as kept:
        assert (kept.pending, kept.fresh) == (None, 0)


@pytest.mark.pipeline
async def test_kill_9_while_it_trains_loses_nothing_and_publishes_once(
    settings: Settings, tmp_path: Path
) -> None:
    await send(settings, items(mislabel(queue(), 0.0)))
    command = [sys.executable, "-m", "faust", "-A", "streams.app", "finetune", "--once"]
    log = tmp_path / "finetune.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=Worker(settings).environment(), stdout=out, stderr=subprocess.STDOUT
        )

    def child() -> int | None:
        found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        return int(found[0]) if found else None

    try:
        await asyncio.to_thread(wait_for, lambda: child() is not None, 120.0, log.read_text)
        training = child()
        assert training is not None
        # A nice process of its own, which ends with the one that started it.
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        await asyncio.to_thread(wait_for, lambda: wait_until_gone(training, 0), 60.0, log.read_text)
    finally:
        if process.poll() is None:
            process.kill()
    assert (await deployment.in_use(settings)).revision == SHIPPED
    with buffer(settings) as kept:
        assert kept.fresh == len(kept) == len(queue())
    done = await asyncio.to_thread(
        subprocess.run, command, env=Worker(settings).environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    update = await deployment.in_use(settings)
    assert update.parent == SHIPPED
    assert len(await deployment.history(settings)) == 1


async def test_a_second_one_in_the_same_folder_is_refused(settings: Settings) -> None:
    async with Finetuner(settings, Registry()):
        with pytest.raises(FinetuneError, match="is in use by another fine-tuner"):
            async with Finetuner(settings, Registry()):
                pass


async def test_windows_of_an_erased_device_are_forgotten_and_not_learned_from_again(
    settings: Settings,
) -> None:
    few = items(queue())[:4]
    device = few[0].device_id
    other = few[3].model_copy(
        update={"device_id": "other", "window_id": f"other/{few[3].window_id.partition('/')[2]}"}
    )
    await send(settings, [*few[:2], other])
    await run_finetuner(settings)
    with buffer(settings) as kept:
        assert len(kept) == 3
    await write_control(settings, DeviceControl(device_id=device, state="erased"))
    await send(settings, few[2:3])
    await run_finetuner(settings)
    with buffer(settings) as kept:
        assert len(kept) == 1
        assert other.window_id.encode() in kept.messages(kept.newest)[0]


async def test_it_ends_when_it_may_no_longer_read_the_decisions_about_devices(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def denied(_: DeviceControls, __: object) -> None:
        raise BrokerError("denied")

    monkeypatch.setattr(DeviceControls, "follow", denied)
    async with Finetuner(settings, Registry()) as finetuner, asyncio.timeout(60):
        with pytest.raises(BrokerError, match="denied"):
            await finetuner.run()
