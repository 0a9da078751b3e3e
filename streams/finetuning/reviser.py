"""The replay buffer → `model.updates`: attempts at a better revision (EgoLog §4.4.2).

An update is stored on disk before it is published. After a crash it is published again, unless its
revision is in use already.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from infra import clock, metrics
from infra.errors import InfraError, RevisionError
from infra.model_store import deployment
from infra.model_store.deployment import SCENARIO
from infra.model_store.history import REASON_CHARS, Attempt
from infra.model_store.store_calls import ask
from infra.model_store.weights import WeightsStore
from schemas import ModelUpdate
from schemas.learning import SHIPPED
from streams.finetuning import training_process

if TYPE_CHECKING:
    from pathlib import Path

    from infra.model_store.replay_buffer import ReplayBuffer
    from infra.settings import Settings

log = logging.getLogger(__name__)

# After a failed attempt, because its cause may pass.
_PAUSE_S = 60.0


class Reviser:
    """Fine-tunes the scenario network for the revision `encoders` and publishes improvements.

    A revision is trained from the shipped network on the whole buffer, not from the previous one;
    the revision in use is its parent, and the one that it has to surpass.
    """

    def __init__(
        self, settings: Settings, buffer: ReplayBuffer, encoders: str, folder: Path
    ) -> None:
        self._settings = settings
        self._buffer = buffer
        self._encoders = encoders
        self._candidate = folder / "candidate.safetensors"
        self._store = WeightsStore.of(settings)
        self._not_before = 0.0

    def is_due(self) -> bool:
        """Return whether `revise` has anything to do."""
        if time.monotonic() < self._not_before:
            return False
        return self._buffer.pending is not None or self._has_enough()

    async def revise(self) -> None:
        """Publish a pending update, or attempt a better revision; failures are tried again."""
        try:
            await self.publish_pending()
            if self._has_enough():
                await self._attempt()
                await self.publish_pending()
        except InfraError as error:
            self._not_before = time.monotonic() + _PAUSE_S
            _count("failed", str(error))

    async def publish_pending(self) -> None:
        """Publish the pending update, if any, unless it was published before a crash."""
        if self._buffer.pending is None:
            return
        encoded, up_to = self._buffer.pending
        update = ModelUpdate.decode(encoded)
        now = await deployment.in_use(self._settings)
        outcome, reason = "accepted", update.reason
        if now.revision != update.revision:
            try:
                await deployment.publish(self._settings, update)
            except RevisionError as error:
                outcome = "pinned" if now.pinned else "superseded"
                reason = str(error)
                await self._withdraw(update, reason)
        self._buffer.mark_learned(up_to)
        _count(outcome, f"revision {update.revision}: {reason}")

    def _has_enough(self) -> bool:
        return self._buffer.fresh >= self._settings.finetune_after

    async def _attempt(self) -> None:
        """Train a candidate; leave an accepted one in the buffer as the pending update."""
        began = time.monotonic()
        up_to = self._buffer.newest
        now = await deployment.in_use(self._settings)
        job = training_process.job(
            self._settings, self._buffer.path, up_to, await self._weights(now), self._candidate
        )
        result = await training_process.run_training(job)
        metrics.finetune_seconds.observe(time.monotonic() - began)
        outcome, reason = result.outcome, result.reason
        if outcome == "accepted" and now.pinned:
            outcome, reason = "pinned", f"pinned: revision {now.revision} is not to be replaced"
        attempt = Attempt(
            model=SCENARIO,
            revision=result.revision,
            parent=now.revision,
            encoders=self._encoders,
            state="rejected",
            created_ns=clock.now_ns(),
            before=result.before,
            after=result.after,
            reason=f"{reason} ({result.learned} windows learned from)"[:REASON_CHARS],
        )
        if outcome != "accepted":
            await deployment.reject(self._settings, attempt)
            self._buffer.mark_learned(up_to)
            _count(outcome, f"revision {result.revision}: {attempt.reason}")
            return
        stored = await ask(self._store, self._store.put, self._candidate, SCENARIO, result.revision)
        revised = attempt.model_copy(update={"weights": stored.url, "sha256": stored.sha256})
        self._buffer.pend(revised.update(attempt.created_ns, attempt.reason).encode(), up_to)

    async def _withdraw(self, update: ModelUpdate, reason: str) -> None:
        """Record an update that can no longer be published as rejected, and remove its weights."""
        known = [attempt.revision for attempt in await deployment.history(self._settings)]
        rejected = Attempt.of(update).model_copy(
            update={"reason": reason[:REASON_CHARS], "weights": None, "sha256": None}
        )
        await deployment.reject(self._settings, rejected)
        if update.revision not in known:
            await ask(self._store, self._store.remove, update.model, update.revision)

    async def _weights(self, now: ModelUpdate) -> Path | None:
        """Return the file of the network in use, None if workers use the shipped one."""
        if now.revision == SHIPPED or now.encoders != self._encoders:
            return None
        assert now.weights is not None  # noqa: S101 - narrows a type, checks nothing
        assert now.sha256 is not None  # noqa: S101 - narrows a type, checks nothing
        return await ask(self._store, self._store.get, now.weights, now.sha256)


def _count(outcome: str, reason: str) -> None:
    metrics.finetune_runs.labels(outcome=outcome).inc()
    log.info('finetune="%s" %s', outcome, reason)
