from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from infra import topics
from infra.broker.topic_reader import publish as publish_value
from infra.errors import RevisionError
from infra.model_store import deployment
from infra.model_store.history import Attempt
from infra.model_store.weights import WeightsStore
from schemas import ModelUpdate
from schemas.learning import SHIPPED
from tests.broker_settings import with_topics

if TYPE_CHECKING:
    from pathlib import Path

    from infra.settings import Settings

ENCODERS = "e" * 12


@pytest.fixture
async def settings(broker_url: str, redis_url: str, tmp_path: Path) -> Settings:
    made = await with_topics(broker_url, 2)
    return made.model_copy(
        update={"redis_url": redis_url, "app_id": uuid4().hex[:8], "run_dir": tmp_path / "run"}
    )


def update(settings: Settings, n: int, parent: str = SHIPPED) -> ModelUpdate:
    """A revision whose weights are in the store; nobody loads them here."""
    path = settings.run_dir.parent / "made"
    path.write_bytes(b"weights %d" % n)
    stored = WeightsStore.of(settings).put(path, "scenario", f"{n:012x}")
    return ModelUpdate(
        model="scenario",
        revision=f"{n:012x}",
        parent=parent,
        encoders=ENCODERS,
        sha256=stored.sha256,
        weights=stored.url,
        metrics_before={"f1": 0.5},
        metrics={"f1": 0.6},
        reason="better",
        created_ns=n,
    )


async def test_before_anybody_publishes_the_shipped_weights_are_in_use(settings: Settings) -> None:
    assert (await deployment.in_use(settings)).revision == SHIPPED
    assert await deployment.history(settings) == []


async def test_what_was_published_is_in_use_and_in_the_history(settings: Settings) -> None:
    first = update(settings, 1)
    second = update(settings, 2, first.revision)
    await deployment.publish(settings, first)
    await deployment.publish(settings, second)
    assert await deployment.in_use(settings) == second
    assert await deployment.history(settings) == [Attempt.of(first), Attempt.of(second)]


async def test_a_revision_made_from_another_than_the_one_in_use_is_refused(
    settings: Settings,
) -> None:
    await deployment.publish(settings, update(settings, 1))
    with pytest.raises(RevisionError, match="was made from shipped, but 000000000001 is in use"):
        await deployment.publish(settings, update(settings, 2))
    assert [a.revision for a in await deployment.history(settings)] == [f"{1:012x}"]


async def test_while_one_is_pinned_nothing_else_is_published(settings: Settings) -> None:
    first = update(settings, 1)
    await deployment.publish(settings, first)
    await deployment.pin(settings, first.revision)
    second = update(settings, 2, first.revision)
    with pytest.raises(RevisionError, match="000000000001 of model 'scenario' is pinned"):
        await deployment.publish(settings, second)
    with pytest.raises(RevisionError, match="`models unpin` first, or pin another"):
        await deployment.rollback(settings)
    pinned = await deployment.in_use(settings)
    assert (pinned.revision, pinned.pinned) == (first.revision, True)
    await deployment.unpin(settings)
    await deployment.publish(settings, second)
    assert await deployment.in_use(settings) == second
    with pytest.raises(RevisionError, match="there is nothing to unpin"):
        await deployment.unpin(settings)


async def test_the_shipped_weights_can_be_pinned(settings: Settings) -> None:
    await deployment.publish(settings, update(settings, 1))
    await deployment.pin(settings, SHIPPED)
    found = await deployment.in_use(settings)
    assert (found.revision, found.pinned, found.weights) == (SHIPPED, True, None)


async def test_rolling_back_goes_to_the_parent_until_there_is_none(settings: Settings) -> None:
    first = update(settings, 1)
    second = update(settings, 2, first.revision)
    await deployment.publish(settings, first)
    await deployment.publish(settings, second)
    back = await deployment.rollback(settings)
    assert back.revision == first.revision
    assert (back.weights, back.sha256, back.parent) == (first.weights, first.sha256, SHIPPED)
    with pytest.raises(RevisionError, match="was rolled back: `models pin 000000000002`"):
        await deployment.publish(settings, second)
    assert (await deployment.rollback(settings)).revision == SHIPPED
    with pytest.raises(RevisionError, match="there is nothing to roll back to"):
        await deployment.rollback(settings)
    assert [a.state for a in await deployment.history(settings)] == ["rolled back"] * 2
    # Whoever pins it means it.
    await deployment.pin(settings, second.revision)
    assert (await deployment.in_use(settings)).revision == second.revision


async def test_a_rejected_revision_is_kept_with_its_figures_and_never_used(
    settings: Settings,
) -> None:
    rejected = Attempt(
        model="scenario",
        revision="a" * 12,
        parent=SHIPPED,
        state="rejected",
        created_ns=1,
        before={"f1": 0.5},
        after={"f1": 0.4},
        reason="worse on the coreset",
    )
    await deployment.reject(settings, rejected)
    assert await deployment.history(settings) == [rejected]
    assert (await deployment.in_use(settings)).revision == SHIPPED
    with pytest.raises(RevisionError, match=r"was rejected \(worse on the coreset\)"):
        await deployment.pin(settings, rejected.revision)
    with pytest.raises(RevisionError, match=r"revision '\.\./x' of model 'scenario' is unknown"):
        await deployment.pin(settings, "../x")


async def test_a_revision_that_was_published_cannot_be_rejected_afterwards(
    settings: Settings,
) -> None:
    first = update(settings, 1)
    await deployment.publish(settings, first)
    await deployment.reject(
        settings, Attempt.of(first).model_copy(update={"state": "rejected", "weights": None})
    )
    assert await deployment.history(settings) == [Attempt.of(first)]


async def test_what_is_no_update_of_the_model_changes_nothing(settings: Settings) -> None:
    first = update(settings, 1)
    await deployment.publish(settings, first)
    await publish_value(settings, topics.MODEL_UPDATES, "scenario", b"nonsense")
    await publish_value(settings, topics.MODEL_UPDATES, "other", update(settings, 2).encode())
    assert await deployment.in_use(settings) == first
    await publish_value(settings, topics.MODEL_UPDATES, "scenario", None)
    assert (await deployment.in_use(settings)).revision == SHIPPED
