"""Hot-reloads a running worker's scenario network as the topic `model.updates` announces.

**What an estimate depends on.** A worker reads the topic to its end before its first window, so it
begins with the current revision, and follows the topic afterwards. A revision takes over between
two batches: a running batch ends with the network it began with, nothing waits, and nothing is read
again. Only which window is the first of a new revision depends on the time of the change. Every
record names in `revision` the networks that produced it, and two runs that name the same ones for a
window agree to the bit.

**What is checked.** Before a network is used, its file must have the announced hash and be
safetensors of our format, labels and shapes, the network's own hash must be the announced revision,
it must fit the embeddings of this worker's encoders, and it must pass a trial prediction. If any of
these fails, the reason is logged, counted and recorded in the history of revisions, and the
update's parent is used: most often the current network. If the parent is not available either, its
own parent is tried, and so on to the weights that come with the package. No update ends a worker.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from infra import metrics, topics
from infra.errors import InfraError, RevisionError
from infra.model_store.deployment import SCENARIO, read_update
from infra.model_store.store_calls import SilentStoreError, ask
from infra.model_store.weights import WeightsStore
from models.serving.candidate_check import require_replaceable
from models.serving.predict import PredictError, ScenarioRecognizer
from models.serving.registry import Opened, Registry, RegistryError
from models.serving.served import SCENARIO as SCENARIO_NET
from schemas import DeadLetter, ModelUpdate
from schemas.learning import SHIPPED
from streams.engine.followed_topic import FollowedTopic

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from infra.model_store.history import Attempt, Revisions
    from infra.settings import Settings

log = logging.getLogger(__name__)

# Of a store that is silent a local copy is still there at once.
_COPY_S = 1.0


class RefusedError(Exception):
    """A revision cannot be used by this worker; `outcome` is the reason in metrics.

    `silent`: the store of weights did not answer.
    """

    def __init__(self, outcome: str, text: str, *, silent: bool = False) -> None:
        super().__init__(text)
        self.outcome = outcome
        self.silent = silent


async def fetch(
    store: WeightsStore, wanted: ModelUpdate | Attempt, limit_s: float | None = None
) -> Path:
    """Return a local copy of a revision's weights, waited for as `infra.model_store` does.

    Raises `RefusedError`.
    """
    if wanted.weights is None or wanted.sha256 is None:
        raise RefusedError("unavailable", f"revision {wanted.revision} has no weights")
    try:
        return await ask(store, store.get, wanted.weights, wanted.sha256, limit_s=limit_s)
    except RevisionError as error:
        silent = isinstance(error, SilentStoreError)
        raise RefusedError("unavailable", str(error), silent=silent) from error


def open_checked(
    registry: Registry, path: Path, wanted: ModelUpdate | Attempt, shipped: Opened
) -> Opened:
    """Load the network of a revision and check it against the `shipped` one; blocks.

    Raises `RefusedError`.
    """
    try:
        loaded = registry.open(SCENARIO_NET, path)
    except RegistryError as error:
        raise RefusedError("damaged", str(error)) from error
    if loaded.revision != wanted.revision:
        raise RefusedError(
            "damaged",
            f"weights of revision {wanted.revision} hold revision {loaded.revision}",
        )
    try:
        require_replaceable(loaded, shipped)
    except PredictError as error:
        raise RefusedError("trial", str(error)) from error
    return loaded


class ModelUpdates:
    """A worker's view of the topic, which replaces the network of `scenario_recognizer`."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        scenario_recognizer: ScenarioRecognizer,
        revisions: Revisions,
    ) -> None:
        self._registry = registry
        self._scenario_recognizer = scenario_recognizer
        self._revisions = revisions
        self._store = WeightsStore.of(settings)
        self._followed = FollowedTopic(settings, topics.MODEL_UPDATES, self._take)
        self._newest: ModelUpdate | None = None
        self._shipped = scenario_recognizer.current
        # A thread of its own, so that inference does not wait for a network that is tried.
        self._loader = ThreadPoolExecutor(1, "revisions")

    async def open(self) -> None:
        """Read the topic to its end and use the newest revision; raises `BrokerError`."""
        await self._followed.open()
        self._show(None)
        try:
            await self._use_newest()
        except BaseException:
            await self.close()
            raise

    async def follow(self, to_dead_letter: Callable[[DeadLetter], Awaitable[None]]) -> None:
        """Use new revisions until cancelled; undecodable records go to `to_dead_letter`."""
        async for _ in self._followed.follow(to_dead_letter):
            await self._use_newest()

    @property
    def network(self) -> str:
        """The revision of the scenario network in use."""
        return self._scenario_recognizer.scenario_revision

    async def close(self) -> None:
        """Close the connection."""
        await self._followed.close()
        self._loader.shutdown(wait=False, cancel_futures=True)

    def _take(self, record: Any) -> None:
        """Remember a record about the scenario network; a tombstone means the shipped one."""
        update = read_update(record)
        if update is None and record.key == SCENARIO.encode():
            update = ModelUpdate(model=SCENARIO, revision=SHIPPED, created_ns=0)
        if update is not None and update.model != SCENARIO:
            log.warning('model="%s" is not one that a worker replaces', update.model)
            metrics.revisions_refused.labels(reason="model").inc()
            return
        self._newest = update or self._newest

    async def _use_newest(self) -> None:
        update, self._newest = self._newest, None
        if update is not None:
            await self._use(update)

    async def _use(self, update: ModelUpdate) -> None:
        """Use a revision, or its nearest ancestor that can be used."""
        wanted: ModelUpdate | Attempt | None = update
        tried: set[str] = set()
        limit_s: float | None = None
        while wanted is not None and wanted.revision not in tried:
            tried.add(wanted.revision)
            try:
                self._replace(await self._load(wanted, limit_s))
            except RefusedError as error:
                await self._refuse(wanted.revision, error)
                # A hundred ancestors in a silent store would keep a worker from starting for hours.
                limit_s = _COPY_S if error.silent else limit_s
            else:
                return
            if wanted.parent == self._scenario_recognizer.scenario_revision:
                return
            wanted = await self._parent(wanted)
        self._replace(self._shipped)

    async def _load(self, wanted: ModelUpdate | Attempt, limit_s: float | None) -> Opened:
        if wanted.revision in (SHIPPED, self._shipped.revision):
            return self._shipped
        if wanted.encoders != self._scenario_recognizer.encoders_revision:
            raise RefusedError(
                "encoders",
                f"revision {wanted.revision} reads the rows of encoders {wanted.encoders}; this "
                f"worker has {self._scenario_recognizer.encoders_revision}",
            )
        if wanted.revision == self._scenario_recognizer.scenario_revision:
            return self._scenario_recognizer.current
        try:
            path = await fetch(self._store, wanted, limit_s)
            return await asyncio.get_running_loop().run_in_executor(
                self._loader, open_checked, self._registry, path, wanted, self._shipped
            )
        except RefusedError:
            raise
        except Exception as error:  # a damaged file may raise anything
            raise RefusedError(
                "damaged",
                f"weights of revision {wanted.revision} cannot be used: "
                f"{type(error).__name__}: {str(error)[:200]}",
            ) from error

    async def _parent(self, child: ModelUpdate | Attempt) -> Attempt | None:
        """Return the parent's record; None means the shipped weights."""
        if child.parent is None or child.parent == SHIPPED:
            return None
        try:
            return await self._revisions.find(SCENARIO, child.parent)
        except InfraError as error:
            log.warning("the parent of revision %s is not known: %s", child.revision, error)
            return None

    async def _refuse(self, revision: str, error: RefusedError) -> None:
        log.error('revision="%s" is not used: %s', revision, error)
        metrics.revisions_refused.labels(reason=error.outcome).inc()
        try:
            await self._revisions.mark(SCENARIO, revision, refused=str(error))
        except InfraError as failure:
            log.warning("revision %s: the reason is not recorded: %s", revision, failure)

    def _replace(self, loaded: Opened) -> None:
        before = self._scenario_recognizer.revision
        if loaded.revision == self._scenario_recognizer.scenario_revision:
            return
        self._scenario_recognizer.replace(loaded)
        metrics.revisions_swapped.inc()
        log.info('revision="%s" replaces "%s"', loaded.revision, before)
        self._show(before)

    def _show(self, before: str | None) -> None:
        if before is not None:
            metrics.model_revision.remove(SCENARIO, before)
        metrics.model_revision.labels(
            model=SCENARIO, revision=self._scenario_recognizer.revision
        ).set(1)
