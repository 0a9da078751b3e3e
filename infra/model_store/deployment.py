"""Deploying revisions of a model: publish, pin and roll back, each by one message."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from infra import clock, topics
from infra.broker import topic_reader
from infra.broker.signing import Signatures
from infra.broker.topic_reader import TopicReader
from infra.errors import RevisionError
from infra.model_store.history import Attempt, Revisions
from infra.model_store.store_calls import ask
from infra.model_store.weights import WeightsStore
from infra.redis.client import connect
from schemas import ModelUpdate, SchemaError
from schemas.errors import InvalidError
from schemas.learning import SHIPPED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from infra.settings import Settings

SCENARIO = "scenario"

log = logging.getLogger(__name__)


def read_update(record: Any) -> ModelUpdate | None:
    """Decode a record of the topic, None for a tombstone; raises `SchemaError`."""
    if record.value is None:
        return None
    update = ModelUpdate.decode(record.value)
    key = bytes(record.key or b"").decode(errors="replace")
    if key != update.model:
        raise InvalidError(
            f"message key is {key[:64]!r}, but the model is {update.model!r}; "
            "the key must be the model's name"
        )
    return update


async def in_use(settings: Settings, model: str = SCENARIO) -> ModelUpdate:
    """Return the newest update of `model`, or that of the shipped weights if there is none.

    Raises `BrokerError`.
    """
    newest: ModelUpdate | None = None
    signatures = Signatures.of(settings)
    async with TopicReader(settings, topics.MODEL_UPDATES) as reader:
        for record in await reader.to_the_end():
            try:
                signatures.require(record)
                update = read_update(record)
            except SchemaError:
                # Workers move it to the dead-letter topic.
                continue
            if record.key == model.encode():
                newest = update
    return newest or ModelUpdate(model=model, revision=SHIPPED, created_ns=0)


async def publish(settings: Settings, update: ModelUpdate) -> None:
    """Record a new revision and let every worker use it.

    Raises `RevisionError` if another revision is pinned, if its parent is no longer in use, or if
    it was rolled back before; also `BrokerError` and `StoreError`.
    """
    async with _changing(settings, update.model) as revisions:
        now = await in_use(settings, update.model)
        if now.pinned:
            raise RevisionError(
                f"revision {now.revision} of model {update.model!r} is pinned: "
                "`models unpin` lets others replace it"
            )
        if update.parent != now.revision:
            raise RevisionError(
                f"revision {update.revision} of model {update.model!r} was made from "
                f"{update.parent}, but {now.revision} is in use: expected one made from that"
            )
        before = await revisions.find(update.model, update.revision)
        if before is not None and before.state == "rolled back":
            raise RevisionError(
                f"revision {update.revision} of model {update.model!r} was rolled back: "
                f"`models pin {update.revision}` uses it all the same"
            )
        dropped = await revisions.record(Attempt.of(update))
        await _send(settings, update)
    await _remove(WeightsStore.of(settings), dropped)


async def reject(settings: Settings, attempt: Attempt) -> None:
    """Record a rejected revision with its figures; raises `StoreError`.

    A revision that was accepted before stays accepted.
    """
    async with _revisions(settings) as revisions:
        before = await revisions.find(attempt.model, attempt.revision)
        if before is None or before.state == "rejected":
            dropped = await revisions.record(attempt.model_copy(update={"state": "rejected"}))
            await _remove(WeightsStore.of(settings), dropped)


async def pin(settings: Settings, revision: str, model: str = SCENARIO) -> ModelUpdate:
    """Deploy `revision`, or `shipped`, until it is unpinned.

    Raises `RevisionError` if it is unknown or has no weights.
    """
    async with _changing(settings, model) as revisions:
        chosen = await _published_attempt(revisions, model, revision)
        update = chosen.update(clock.now_ns(), "pinned", pinned=True)
        await _send(settings, update)
    return update


async def unpin(settings: Settings, model: str = SCENARIO) -> ModelUpdate:
    """Keep the pinned revision in use, but allow others to replace it.

    Raises `RevisionError` if none is pinned.
    """
    async with _changing(settings, model):
        now = await in_use(settings, model)
        if not now.pinned:
            raise RevisionError(
                f"revision {now.revision} of model {model!r} is in use, but not pinned: "
                "there is nothing to unpin"
            )
        update = now.model_copy(update={"pinned": False, "created_ns": clock.now_ns()})
        await _send(settings, update)
    return update


async def rollback(settings: Settings, model: str = SCENARIO) -> ModelUpdate:
    """Deploy the parent of the current revision, which cannot be published again.

    Raises `RevisionError` if there is no parent, or if the revision is pinned.
    """
    async with _changing(settings, model) as revisions:
        now = await in_use(settings, model)
        if now.pinned:
            raise RevisionError(
                f"revision {now.revision} of model {model!r} is pinned: `models unpin` first, "
                "or pin another"
            )
        if now.revision == SHIPPED or now.parent is None:
            raise RevisionError(
                f"revision {now.revision} of model {model!r} has no parent: there is nothing to "
                "roll back to"
            )
        parent = await _published_attempt(revisions, model, now.parent)
        update = parent.update(clock.now_ns(), f"rolled back from {now.revision}")
        await revisions.mark(model, now.revision, state="rolled back")
        await _send(settings, update)
    return update


async def history(settings: Settings, model: str = SCENARIO) -> list[Attempt]:
    """Return every attempt, the oldest first; raises `StoreError`."""
    async with _revisions(settings) as revisions:
        return await revisions.all(model)


async def _published_attempt(revisions: Revisions, model: str, revision: str) -> Attempt:
    if revision == SHIPPED:
        return Attempt(model=model, revision=SHIPPED, state="accepted", created_ns=0)
    attempt = await revisions.find(model, revision)
    if attempt is None:
        raise RevisionError(
            f"revision {revision[:64]!r} of model {model!r} is unknown: expected one of `models "
            "list`"
        )
    if attempt.weights is None:
        raise RevisionError(
            f"revision {revision} of model {model!r} was rejected ({attempt.reason}): "
            "expected one that was published"
        )
    return attempt


async def _send(settings: Settings, update: ModelUpdate) -> None:
    await topic_reader.publish(settings, topics.MODEL_UPDATES, update.model, update.encode())


@asynccontextmanager
async def _revisions(settings: Settings) -> AsyncIterator[Revisions]:
    redis = await connect(settings)
    try:
        yield Revisions(redis, settings.app_id)
    finally:
        await redis.aclose()


@asynccontextmanager
async def _changing(settings: Settings, model: str) -> AsyncIterator[Revisions]:
    async with _revisions(settings) as revisions, revisions.changing(model):
        yield revisions


async def _remove(store: WeightsStore, dropped: list[Attempt]) -> None:
    """Remove the weights of revisions that were dropped from the history."""
    for attempt in dropped:
        if attempt.weights is None:
            continue
        try:
            await ask(store, store.remove, attempt.model, attempt.revision)
        except RevisionError as error:
            log.warning("weights left behind: %s", error)
