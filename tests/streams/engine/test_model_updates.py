from __future__ import annotations

import asyncio
import json
import threading
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import torch
from pydantic import SecretStr
from redis.asyncio import Redis
from safetensors import safe_open
from safetensors.torch import save_file

from infra import metrics, topics
from infra.broker.topic_reader import publish as publish_value
from infra.model_store import deployment, store_calls
from infra.model_store.history import Revisions
from infra.model_store.weights import WeightsStore
from models.egolog.scenario import SCENARIO, ScenarioConfig, ScenarioNet
from models.labels import LABELS
from models.serving.predict import ScenarioRecognizer
from schemas import DeadLetter, ModelUpdate
from schemas.learning import SHIPPED
from streams.engine import model_updates as module
from streams.engine.model_updates import ModelUpdates
from tests.broker_settings import with_topics
from tests.models import fresh

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from infra.settings import Settings
    from models.serving.registry import Loaded, Registry


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return fresh.registry(tmp_path_factory.mktemp("weights"))


@pytest.fixture
async def settings(any_broker_url: str, redis_url: str, tmp_path: Path) -> Settings:
    made = await with_topics(any_broker_url, 2)
    return made.model_copy(
        update={"redis_url": redis_url, "app_id": uuid4().hex[:8], "run_dir": tmp_path / "run"}
    )


@pytest.fixture
def scenario_recognizer(registry: Registry) -> ScenarioRecognizer:
    return ScenarioRecognizer(registry)


class Tuner:
    """Makes revisions of the scenario network, each another one, and publishes them."""

    def __init__(self, settings: Settings, registry: Registry, encoders: str) -> None:
        self.settings = settings
        self.registry = registry
        self.encoders = encoders
        self.folder = settings.run_dir / "tuned"
        self.made = 0

    def save(self, network: ScenarioNet | None = None) -> tuple[Loaded[ScenarioNet], Path]:
        self.made += 1
        torch.manual_seed(self.made)
        path = self.folder / f"{self.made}.safetensors"
        return self.registry.save(SCENARIO, (network or ScenarioNet()).eval(), path), path

    def update(self, revision: str, path: Path, parent: str, **changes: str) -> ModelUpdate:
        stored = WeightsStore.of(self.settings).put(path, "scenario", revision)
        fields = {"encoders": self.encoders, "sha256": stored.sha256, "weights": stored.url}
        return ModelUpdate(
            model="scenario",
            revision=revision,
            parent=parent,
            created_ns=time.time_ns(),
            **{**fields, **changes},  # type: ignore[arg-type]
        )

    async def publish(self, parent: str = SHIPPED, **changes: str) -> ModelUpdate:
        loaded, path = self.save()
        update = self.update(loaded.revision, path, parent, **changes)
        await deployment.publish(self.settings, update)
        return update


@pytest.fixture
def tuner(settings: Settings, registry: Registry, scenario_recognizer: ScenarioRecognizer) -> Tuner:
    return Tuner(settings, registry, scenario_recognizer.encoders_revision)


@asynccontextmanager
async def following(
    settings: Settings, registry: Registry, scenario_recognizer: ScenarioRecognizer
) -> AsyncIterator[list[DeadLetter]]:
    """A worker's updates while it runs, and what it could not read."""
    letters: list[DeadLetter] = []

    async def to_dead_letter(letter: DeadLetter) -> None:
        letters.append(letter)

    async with Redis.from_url(settings.redis_url) as redis:
        known = ModelUpdates(
            settings, registry, scenario_recognizer, Revisions(redis, settings.app_id)
        )
        await known.open()
        task = asyncio.create_task(known.follow(to_dead_letter))
        yield letters
        await known.close()
        async with asyncio.timeout(60):
            await task


async def until(scenario_recognizer: ScenarioRecognizer, revision: str) -> None:
    async with asyncio.timeout(60):
        while scenario_recognizer.scenario_revision != revision:
            await asyncio.sleep(0.02)


async def refusal(settings: Settings, revision: str) -> str:
    """Wait until a worker has said why it does not use a revision."""
    async with asyncio.timeout(60):
        while True:
            for attempt in await deployment.history(settings):
                if attempt.revision == revision and attempt.refused:
                    return attempt.refused
            await asyncio.sleep(0.05)


def count(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


async def test_a_worker_begins_with_the_newest_revision(
    settings: Settings, registry: Registry, scenario_recognizer: ScenarioRecognizer, tuner: Tuner
) -> None:
    first = await tuner.publish()
    second = await tuner.publish(first.revision)
    async with following(settings, registry, scenario_recognizer):
        assert scenario_recognizer.scenario_revision == second.revision
        assert count(
            "egolog_model_revision_info", model="scenario", revision=scenario_recognizer.revision
        )


async def test_every_worker_follows_to_new_ones_and_back(
    settings: Settings, registry: Registry, scenario_recognizer: ScenarioRecognizer, tuner: Tuner
) -> None:
    other = ScenarioRecognizer(registry)
    shipped, swaps = scenario_recognizer.revision, count("egolog_revisions_swapped_total")
    async with (
        following(settings, registry, scenario_recognizer),
        following(settings, registry, other),
    ):
        first = await tuner.publish()
        for mine in (scenario_recognizer, other):
            await until(mine, first.revision)
        assert (
            scenario_recognizer.revision
            == f"{first.revision}+{scenario_recognizer.encoders_revision}"
        )
        assert count("egolog_revisions_swapped_total") == swaps + 2
        assert not count("egolog_model_revision_info", model="scenario", revision=shipped)
        await deployment.rollback(settings)
        for mine in (scenario_recognizer, other):
            await until(mine, shipped.split("+")[0])
        await deployment.pin(settings, first.revision)
        await until(scenario_recognizer, first.revision)
        await publish_value(settings, topics.MODEL_UPDATES, "scenario", None)
        await until(scenario_recognizer, shipped.split("+")[0])


async def test_a_file_that_is_not_the_announced_one_is_refused(
    settings: Settings, registry: Registry, scenario_recognizer: ScenarioRecognizer, tuner: Tuner
) -> None:
    before = count("egolog_revisions_refused_total", reason="unavailable")
    async with following(settings, registry, scenario_recognizer):
        first = await tuner.publish()
        await until(scenario_recognizer, first.revision)
        bad = await tuner.publish(first.revision, sha256="0" * 64)
        assert "but the update says 000000000000" in await refusal(settings, bad.revision)
        assert scenario_recognizer.scenario_revision == first.revision
    assert count("egolog_revisions_refused_total", reason="unavailable") == before + 1


async def test_a_file_that_names_another_revision_is_refused(
    settings: Settings, registry: Registry, scenario_recognizer: ScenarioRecognizer, tuner: Tuner
) -> None:
    loaded, path = tuner.save()
    async with following(settings, registry, scenario_recognizer):
        await deployment.publish(settings, tuner.update("f" * 12, path, SHIPPED))
        line = await refusal(settings, "f" * 12)
        assert line == f"weights of revision ffffffffffff hold revision {loaded.revision}"
        assert scenario_recognizer.scenario_revision != loaded.revision


def rewrite(path: Path, **changes: str) -> None:
    """Change what a weights file says of itself, keeping its tensors."""
    with safe_open(path, framework="pt") as opened:
        metadata = opened.metadata()
        tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
    save_file(tensors, path, metadata={**metadata, **changes})


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda path: path.write_bytes(b"\x80\x04pickled" * 99), "cannot be read"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), "cannot be read"),
        (lambda path: rewrite(path, format="other/1"), "say format 'other/1'"),
        (lambda path: rewrite(path, name="har"), "and name 'har'"),
        (
            lambda path: rewrite(path, labels=json.dumps({"scenarios": ["sleeping"] * 16})),
            "but their header says",
        ),
        (lambda path: rewrite(path, config='{"hidden": 7}'), "but their header says"),
    ],
)
async def test_a_file_that_is_no_scenario_network_of_ours_is_refused(
    settings: Settings,
    registry: Registry,
    scenario_recognizer: ScenarioRecognizer,
    tuner: Tuner,
    spoil: object,
    line: str,
) -> None:
    loaded, path = tuner.save()
    assert callable(spoil)
    spoil(path)
    shipped = scenario_recognizer.scenario_revision
    async with following(settings, registry, scenario_recognizer):
        await deployment.publish(settings, tuner.update(loaded.revision, path, SHIPPED))
        assert line in await refusal(settings, loaded.revision)
        assert scenario_recognizer.scenario_revision == shipped


async def test_a_network_for_other_labels_is_refused(
    settings: Settings,
    registry: Registry,
    scenario_recognizer: ScenarioRecognizer,
    tuner: Tuner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = tuple(reversed(scenario_recognizer.current.labels["scenarios"]))
    with monkeypatch.context() as patched:
        patched.setitem(LABELS, "scenarios", names)
        loaded, path = tuner.save()
    shipped = scenario_recognizer.scenario_revision
    async with following(settings, registry, scenario_recognizer):
        await deployment.publish(settings, tuner.update(loaded.revision, path, SHIPPED))
        line = await refusal(settings, loaded.revision)
        assert "were trained for other labels of scenarios" in line
        assert scenario_recognizer.scenario_revision == shipped


async def test_a_network_of_other_encoders_is_refused_unread(
    settings: Settings, registry: Registry, scenario_recognizer: ScenarioRecognizer, tuner: Tuner
) -> None:
    shipped = scenario_recognizer.scenario_revision
    async with following(settings, registry, scenario_recognizer):
        update = await tuner.publish(encoders="a" * 12)
        line = await refusal(settings, update.revision)
        assert line == (
            f"revision {update.revision} reads the rows of encoders aaaaaaaaaaaa; this worker has "
            f"{scenario_recognizer.encoders_revision}"
        )
        assert scenario_recognizer.scenario_revision == shipped
    assert not (settings.run_dir / "revision-copies").exists()


async def test_a_network_that_fails_its_trial_is_refused(
    settings: Settings, registry: Registry, scenario_recognizer: ScenarioRecognizer, tuner: Tuner
) -> None:
    network = ScenarioNet()
    with torch.no_grad():
        network.out.bias.fill_(float("inf"))
    async with following(settings, registry, scenario_recognizer):
        for spoilt, line in (
            (network, "16 that are not finite"),
            (ScenarioNet(ScenarioConfig(key_frames=False)), "key_frames is False; expected True"),
        ):
            loaded, path = tuner.save(spoilt)
            await deployment.publish(settings, tuner.update(loaded.revision, path, SHIPPED))
            assert line in await refusal(settings, loaded.revision)
            await deployment.rollback(settings)


async def test_where_the_newest_cannot_be_used_a_worker_begins_with_its_parent(
    settings: Settings, registry: Registry, scenario_recognizer: ScenarioRecognizer, tuner: Tuner
) -> None:
    first = await tuner.publish()
    second = await tuner.publish(first.revision)
    third = await tuner.publish(second.revision)
    for update in (second, third):
        WeightsStore.of(settings).remove("scenario", update.revision)
    async with following(settings, registry, scenario_recognizer):
        assert scenario_recognizer.scenario_revision == first.revision
        for update in (second, third):
            assert "are not in" in await refusal(settings, update.revision)


async def test_where_no_ancestor_can_be_used_the_shipped_weights_are(
    settings: Settings, registry: Registry, scenario_recognizer: ScenarioRecognizer, tuner: Tuner
) -> None:
    shipped = scenario_recognizer.scenario_revision
    first = await tuner.publish()
    async with following(settings, registry, scenario_recognizer):
        await until(scenario_recognizer, first.revision)
        # Neither its parent's weights nor what became of the parent is known.
        loaded, path = tuner.save()
        orphan = tuner.update(loaded.revision, path, "d" * 12, sha256="0" * 64)
        await publish_value(settings, topics.MODEL_UPDATES, "scenario", orphan.encode())
        await until(scenario_recognizer, shipped)


async def test_what_does_not_decode_is_a_dead_letter_and_the_rest_goes_on(
    settings: Settings, registry: Registry, scenario_recognizer: ScenarioRecognizer, tuner: Tuner
) -> None:
    await publish_value(settings, topics.MODEL_UPDATES, "scenario", b"nonsense")
    refused = count("egolog_revisions_refused_total", reason="model")
    async with following(settings, registry, scenario_recognizer) as letters:
        loaded, path = tuner.save()
        update = tuner.update(loaded.revision, path, SHIPPED)
        await publish_value(settings, topics.MODEL_UPDATES, "other key", update.encode())
        har = update.model_copy(update={"model": "har"})
        await publish_value(settings, topics.MODEL_UPDATES, "har", har.encode())
        await deployment.publish(settings, update)
        await until(scenario_recognizer, update.revision)
        async with asyncio.timeout(60):
            while (
                len(letters) < 2
                or count("egolog_revisions_refused_total", reason="model") == refused
            ):
                await asyncio.sleep(0.02)
    assert [letter.reason for letter in letters] == ["malformed", "invalid"]
    assert {letter.topic for letter in letters} == {settings.topic(topics.MODEL_UPDATES)}


async def test_while_a_file_loads_the_event_loop_and_inference_go_on(
    settings: Settings,
    registry: Registry,
    scenario_recognizer: ScenarioRecognizer,
    tuner: Tuner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    came, go_on = threading.Event(), threading.Event()
    slow = WeightsStore.get

    def get(*arguments: Any) -> Path:
        came.set()
        assert go_on.wait(60)
        return slow(*arguments)

    monkeypatch.setattr(WeightsStore, "get", get)
    shipped = scenario_recognizer.scenario_revision
    async with following(settings, registry, scenario_recognizer):
        update = await tuner.publish()
        async with asyncio.timeout(60):
            await asyncio.to_thread(came.wait)
        assert scenario_recognizer.scenario_revision == shipped
        go_on.set()
        await until(scenario_recognizer, update.revision)


async def test_a_store_that_hangs_is_given_up(
    settings: Settings,
    registry: Registry,
    scenario_recognizer: ScenarioRecognizer,
    tuner: Tuner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on = threading.Event()
    hangs, get = True, WeightsStore.get

    def get_or_hang(*arguments: Any) -> Path:
        assert not hangs or go_on.wait(60)
        return get(*arguments)

    monkeypatch.setattr(WeightsStore, "get", get_or_hang)
    monkeypatch.setattr(store_calls, "ANSWER_S", 0.1)
    async with following(settings, registry, scenario_recognizer):
        update = await tuner.publish()
        assert "did not answer within 0.1 s" in await refusal(settings, update.revision)
        # Nothing waits behind the call that hangs still.
        hangs = False
        monkeypatch.setattr(store_calls, "ANSWER_S", 60.0)
        second = await tuner.publish(update.revision)
        await until(scenario_recognizer, second.revision)
    go_on.set()


async def test_behind_a_silent_store_the_ancestors_are_only_looked_for_among_the_copies(
    settings: Settings,
    registry: Registry,
    scenario_recognizer: ScenarioRecognizer,
    tuner: Tuner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = await tuner.publish()
    async with following(settings, registry, scenario_recognizer):
        assert scenario_recognizer.scenario_revision == first.revision
    second = await tuner.publish(first.revision)
    third = await tuner.publish(second.revision)
    go_on = threading.Event()
    monkeypatch.setattr(WeightsStore, "_fetch", lambda *_: go_on.wait(60))
    monkeypatch.setattr(store_calls, "ANSWER_S", 2.0)
    monkeypatch.setattr(module, "_COPY_S", 0.5)
    restarted = ScenarioRecognizer(registry)
    async with following(settings, registry, restarted):
        assert restarted.scenario_revision == first.revision
        assert "within 2 s" in await refusal(settings, third.revision)
        assert "within 0.5 s" in await refusal(settings, second.revision)
    go_on.set()


async def test_without_a_history_an_update_is_still_used(
    settings: Settings, registry: Registry, scenario_recognizer: ScenarioRecognizer, tuner: Tuner
) -> None:
    loaded, path = tuner.save()
    update = tuner.update(loaded.revision, path, SHIPPED)
    bad = replace_hash(update)
    await publish_value(settings, topics.MODEL_UPDATES, "scenario", bad.encode())
    await publish_value(settings, topics.MODEL_UPDATES, "scenario", update.encode())
    async with following(settings, registry, scenario_recognizer):
        assert scenario_recognizer.scenario_revision == update.revision


def replace_hash(update: ModelUpdate) -> ModelUpdate:
    return update.model_copy(update={"sha256": "0" * 64})


async def test_where_a_key_is_set_a_revision_without_a_signature_is_refused(
    settings: Settings, registry: Registry, scenario_recognizer: ScenarioRecognizer, tuner: Tuner
) -> None:
    owner = settings.model_copy(update={"signing_key": SecretStr("k" * 32)})
    loaded, path = tuner.save()
    forged = tuner.update(loaded.revision, path, SHIPPED).model_copy(update={"pinned": True})
    tuner.settings = owner
    update = await tuner.publish()
    await publish_value(settings, topics.MODEL_UPDATES, "scenario", forged.encode())
    await publish_value(settings, topics.MODEL_UPDATES, "scenario", None)
    # Whoever decides on the next one is not misled either.
    assert await deployment.in_use(owner) == update
    async with following(owner, registry, scenario_recognizer) as letters:
        assert scenario_recognizer.scenario_revision == update.revision
        while len(letters) < 2:
            await asyncio.sleep(0.02)
    assert {letter.reason for letter in letters} == {"signature"}
