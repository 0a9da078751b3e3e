"""The history of revisions: accepted or rejected, with figures and reason.

The topic `model.updates` is compacted and holds only the revision in use. Beyond `KEEP` revisions
of a model the oldest are dropped.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from redis.exceptions import LockError, RedisError

from infra.errors import RevisionError, StoreError
from schemas import ModelUpdate
from schemas.learning import ModelName, Revision
from schemas.message import TimeNs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Sequence

    from redis.asyncio import Redis

KEEP = 100
REASON_CHARS = 500
# Publishing takes a second; a lock held for longer is that of a dead process.
_LOCK_S = 60.0
_WAIT_S = 30.0

State = Literal["accepted", "rejected", "rolled back"]


class Attempt(BaseModel):
    """One fine-tuned revision.

    `before` are the parent's figures by name and `after` its own. `refused` is why a worker could
    not load it, else empty. A rejected one has no weights.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    model: ModelName
    revision: Revision
    parent: Revision | None = None
    encoders: Revision | None = None
    state: State
    created_ns: TimeNs
    before: dict[str, float] = Field(default_factory=dict)
    after: dict[str, float] = Field(default_factory=dict)
    reason: str = Field(default="", max_length=REASON_CHARS)
    weights: str | None = None
    sha256: str | None = None
    refused: str = Field(default="", max_length=REASON_CHARS)

    @classmethod
    def of(cls, update: ModelUpdate) -> Attempt:
        """Return the attempt that `update` publishes."""
        return cls(
            model=update.model,
            revision=update.revision,
            parent=update.parent,
            encoders=update.encoders,
            state="accepted",
            created_ns=update.created_ns,
            before=update.metrics_before,
            after=update.metrics,
            reason=update.reason,
            weights=update.weights,
            sha256=update.sha256,
        )

    def update(self, created_ns: int, reason: str, *, pinned: bool = False) -> ModelUpdate:
        """Return the message that deploys this revision (again)."""
        return ModelUpdate(
            model=self.model,
            revision=self.revision,
            parent=self.parent,
            encoders=self.encoders,
            sha256=self.sha256,
            weights=self.weights,
            metrics_before=self.before,
            metrics=self.after,
            reason=reason[:REASON_CHARS],
            pinned=pinned,
            created_ns=created_ns,
        )


class Revisions:
    """The attempts of each model in Redis, one hash per model: `APP:revisions:MODEL`.

    Failures of the store raise `StoreError`.
    """

    def __init__(self, redis: Redis, app_id: str) -> None:
        self._redis = redis
        self._app_id = app_id

    async def record(self, attempt: Attempt) -> list[Attempt]:
        """Store an attempt, replacing one of the same revision; return those dropped as too old."""
        try:
            await self._redis.hset(
                self._key(attempt.model), attempt.revision, attempt.model_dump_json()
            )
            every = await self.all(attempt.model)
            dropped = _beyond(every, attempt.revision)
            if dropped:
                await self._redis.hdel(self._key(attempt.model), *(old.revision for old in dropped))
        except RedisError as error:
            raise self._store_error(attempt.model, "written", error) from error
        return dropped

    async def all(self, model: str) -> list[Attempt]:
        """Return every attempt, the oldest first."""
        try:
            stored = await cast(
                "Awaitable[dict[bytes, bytes]]", self._redis.hgetall(self._key(model))
            )
        except RedisError as error:
            raise self._store_error(model, "read", error) from error
        attempts = [
            read for value in stored.values() if (read := _parse_attempt(value)) is not None
        ]
        return sorted(attempts, key=lambda attempt: (attempt.created_ns, attempt.revision))

    async def find(self, model: str, revision: str) -> Attempt | None:
        """Return one attempt, or None if it is not recorded."""
        try:
            value = await cast(
                "Awaitable[bytes | None]", self._redis.hget(self._key(model), revision)
            )
        except RedisError as error:
            raise self._store_error(model, "read", error) from error
        return None if value is None else _parse_attempt(value)

    async def mark(
        self, model: str, revision: str, *, state: State | None = None, refused: str | None = None
    ) -> None:
        """Update fields of a recorded attempt; does nothing if it is not recorded."""
        attempt = await self.find(model, revision)
        if attempt is None:
            return
        changes: dict[str, str] = {}
        if state is not None:
            changes["state"] = state
        if refused is not None:
            changes["refused"] = refused[:REASON_CHARS]
        await self.record(attempt.model_copy(update=changes))

    @asynccontextmanager
    async def changing(self, model: str) -> AsyncIterator[None]:
        """Hold the lock for deciding which revision of `model` is in use.

        Raises `RevisionError` if another process holds it for longer than half a minute.
        """
        lock = self._redis.lock(
            f"{self._app_id}:revisions:{model}:changing", timeout=_LOCK_S, blocking_timeout=_WAIT_S
        )
        try:
            if not await lock.acquire():
                raise RevisionError(
                    f"revision of model {model!r} is being changed by somebody else for "
                    f"{_WAIT_S:g} s now: try again"
                )
        except RedisError as error:
            raise self._store_error(model, "locked", error) from error
        try:
            yield
        finally:
            try:
                await lock.release()
            except LockError:
                # The lock expired meanwhile, so there is nothing to release.
                pass
            except RedisError as error:
                raise self._store_error(model, "unlocked", error) from error

    def _key(self, model: str) -> str:
        return f"{self._app_id}:revisions:{model}"

    def _store_error(self, model: str, done: str, error: RedisError) -> StoreError:
        return StoreError(f"revisions of model {model} cannot be {done}: {error}")


def _parse_attempt(value: bytes) -> Attempt | None:
    try:
        return Attempt.model_validate_json(value)
    except ValidationError:
        # Written by another version of the program: ignored.
        return None


def _beyond(attempts: Sequence[Attempt], newest: str) -> list[Attempt]:
    """Return the attempts beyond `KEEP` to drop: rejected ones first, the oldest first."""
    surplus = len(attempts) - KEEP
    if surplus <= 0:
        return []
    old = [attempt for attempt in attempts if attempt.revision != newest]
    return sorted(old, key=lambda attempt: attempt.weights is not None)[:surplus]
