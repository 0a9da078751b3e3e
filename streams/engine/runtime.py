"""What lives as long as a worker: the store, the models and the inference pool."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from infra import metrics
from infra.daily_log.store import LogStore
from infra.device_state.checkpoints import Checkpoints, OwnedCheckpoints
from infra.device_state.corrected_windows import CorrectedWindows
from infra.local.embedded import broker_life
from infra.model_store.history import Revisions
from infra.redis.client import connect
from infra.redis.stored_offsets import StoredOffsets
from models.serving.lanhar_loading import open_lanhar, open_positions
from streams.engine.batcher import Batching
from streams.engine.correction_adapters import CorrectionAdapters
from streams.engine.inference_schedule import Urgency
from streams.engine.model_updates import ModelUpdates
from streams.engine.recognizers import Recognizers
from streams.engine.startup import open_llm, open_registry
from streams.engine.vocabulary.known_labels import KnownLabels, label_set
from streams.engine.vocabulary.ranking import Ranking, Rankings
from streams.engine.wearers import Wearers

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis

    from infra.llm import Llm
    from infra.settings import Settings
    from models.lanhar.step_position import StepPosition
    from models.serving.predict import ScenarioRecognizer
    from models.serving.registry import Registry
    from streams.engine.batcher import Batcher

# Two seconds of sound each, a millisecond or two: as long as one window's activity.
_AHEAD_AT_ONCE = 4


class _Opened(AsyncExitStack):
    """What is open, closed from the newest to the oldest, whatever else fails to close."""

    def pool(self, threads: int, name: str) -> ThreadPoolExecutor:
        """Return a new pool, whose queued calls are dropped when it closes."""
        pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self.callback(pool.shutdown, wait=True, cancel_futures=True)
        return pool

    def batcher(self, made: Batcher[Any, Any]) -> Batcher[Any, Any]:
        """Close `made`, which is returned, before the pool that it runs in."""
        self.push_async_callback(made.close)
        return made


async def _open_ranking(
    settings: Settings, registry: Registry, batching: Batching, opened: _Opened
) -> Ranking | None:
    """Return the open-vocabulary ranking, None if the weights hold no LanHAR network."""
    lanhar = open_lanhar(registry)
    if lanhar is None:
        return None
    labels = KnownLabels(settings, label_set(lanhar))
    await labels.open()
    opened.push_async_callback(labels.close)
    metrics.model_revision.labels(model="lanhar", revision=lanhar.record_revision).set(1)
    ranker = opened.batcher(batching.batcher("lanhar", Rankings(lanhar).predict))
    return Ranking(labels, ranker, lanhar.record_revision)


def _wearers(settings: Settings, redis: Redis, withholds: Callable[[str], bool]) -> Wearers | None:
    # Not tied to the embedded broker's life: adapters stay valid without its records.
    checkpoints = Checkpoints(redis, settings.app_id)
    return Wearers(checkpoints, withholds) if settings.wearer_adaptation else None


def _correction_adapters(
    settings: Settings,
    redis: Redis,
    recognizer: ScenarioRecognizer,
    pool: ThreadPoolExecutor,
    withholds: Callable[[str], bool],
) -> CorrectionAdapters | None:
    windows = CorrectedWindows(redis, settings.app_id)
    return (
        CorrectionAdapters(windows, recognizer, pool, withholds)
        if settings.correction_adaptation
        else None
    )


@dataclass
class Runtime:
    """Opened when a worker starts, closed when it stops."""

    redis: Redis
    stored_offsets: StoredOffsets | None
    checkpoints: Checkpoints
    log: LogStore
    pool: ThreadPoolExecutor
    windowing_pool: ThreadPoolExecutor
    sound_localizer: Batcher[Any, Any]
    near_field_extractor: Batcher[Any, Any] | None
    sound_separator: Batcher[Any, Any] | None
    sound_namer: Batcher[Any, Any]
    scenario_recognizer: Batcher[Any, Any]
    scenario_ahead: Batcher[Any, Any]
    activity_recognizer: Batcher[Any, Any]
    ranking: Ranking | None
    positions: StepPosition | None
    updates: ModelUpdates
    wearers: Wearers | None
    corrected: CorrectionAdapters | None
    revisions: dict[str, str]
    llm: Llm | None
    _opened: _Opened

    @classmethod
    async def open(
        cls,
        settings: Settings,
        withholds: Callable[[str], bool] = lambda _: False,
        registry: Registry | None = None,
    ) -> Runtime:
        """Connect to the store and load the models; raises one-line errors, with nothing left open.

        Nothing is learned from devices that `withholds` names. Networks that `registry` has open
        already are shared.
        """
        async with _Opened() as opened:
            runtime = await cls._open(
                settings, withholds, registry or open_registry(settings), opened
            )
            # Nothing failed: what is open now closes with the runtime.
            runtime._opened = opened.pop_all()
        return runtime

    @classmethod
    async def _open(
        cls,
        settings: Settings,
        withholds: Callable[[str], bool],
        registry: Registry,
        opened: _Opened,
    ) -> Runtime:
        redis = await connect(settings)
        opened.push_async_callback(redis.aclose)
        pool = opened.pool(settings.inference_threads, "inference")
        windowing_pool = opened.pool(1, "windowing")
        loaded = Recognizers.load(settings, registry)
        scenario, extractor = loaded.scenario, loaded.near_field_extractor
        updates = ModelUpdates(settings, registry, scenario, Revisions(redis, settings.app_id))
        await updates.open()
        opened.push_async_callback(updates.close)
        llm = open_llm(settings, redis)
        if llm is not None:
            opened.push_async_callback(llm.close)
        batching = Batching(settings, pool)

        def batcher(*arguments: Any) -> Batcher[Any, Any]:
            return opened.batcher(batching.batcher(*arguments))

        life = broker_life(settings)
        offsets = StoredOffsets(redis, settings.app_id)
        return cls(
            redis=redis,
            # The embedded broker loses its commits with its messages.
            stored_offsets=offsets if life is None else None,
            checkpoints=OwnedCheckpoints(
                redis,
                settings.app_id,
                life,
                owner=uuid4().hex,
                history=lambda: offsets.history,
            ),
            log=LogStore(redis, settings.app_id, settings.log_retention_days),
            pool=pool,
            windowing_pool=windowing_pool,
            sound_localizer=batcher("localization", loaded.sound_localizer.locate, Urgency.FIRST),
            near_field_extractor=(
                None
                if extractor is None
                else batcher("near_field", extractor.predict, Urgency.FIRST)
            ),
            sound_separator=(
                None if extractor is None else batcher("near_and_far", scenario.name_apart)
            ),
            # For the live page only, so everything that becomes a record goes first.
            sound_namer=batcher("live_sounds", scenario.name_sounds, Urgency.LONG),
            # A single window takes long enough.
            scenario_recognizer=batcher("scenario", scenario.predict, Urgency.LONG, 1),
            scenario_ahead=batcher(
                "scenario_ahead", scenario.prepare, Urgency.LONG, _AHEAD_AT_ONCE
            ),
            activity_recognizer=batcher("har", loaded.activity.estimate),
            ranking=await _open_ranking(settings, registry, batching, opened),
            positions=open_positions(registry),
            updates=updates,
            wearers=_wearers(settings, redis, withholds),
            corrected=_correction_adapters(settings, redis, scenario, pool, withholds),
            revisions=loaded.revisions(),
            llm=llm,
            _opened=opened,
        )

    async def close(self) -> None:
        """Let running batches end and close the connections."""
        await self._opened.aclose()
