"""What lives as long as a worker: the store, the models and the inference pool."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra import metrics
from infra.daily_log.store import LogStore
from infra.device_state.checkpoints import Checkpoints
from infra.device_state.corrected_windows import CorrectedWindows
from infra.local.embedded import broker_life
from infra.model_store.history import Revisions
from infra.redis.client import connect
from models.serving.encoded_seconds import SecondEncoder
from models.serving.near_field import NearFieldExtractor
from models.serving.open_vocabulary import open_lanhar, open_positions
from models.serving.predict import ActivityRecognizer, ScenarioRecognizer, SoundLocalizer
from models.serving.registry import WEIGHTS_DIR, Registry
from models.serving.served import (
    ARRAYS,
    ENCODERS,
    FAMILIARITY,
    HAR,
    LOCALIZATION,
    LOCALIZATION_MONO,
    NEAR_FIELD,
    SCENARIO,
    SCENARIO_FAMILIARITY,
    SCENARIO_TEXT,
    Served,
)
from models.serving.speech import SpeechDetector, WithSilero
from streams.engine.batcher import Batcher
from streams.engine.corrected import Corrected
from streams.engine.model_updates import ModelUpdates
from streams.engine.turns import Turns, Urgency
from streams.engine.vocabulary.known_labels import KnownLabels, label_set
from streams.engine.vocabulary.ranking import Ranking, Rankings
from streams.engine.wearers import Wearers

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis

    from infra.llm import Llm
    from infra.settings import Settings
    from models.lanhar.step_position import StepPosition
    from models.serving.audio_tagger import AudioTagger
    from models.serving.speech import Detector


# Two seconds of sound each, a millisecond or two: as long as one window's activity.
_AHEAD_AT_ONCE = 4


def model_keys(settings: Settings) -> tuple[Served, ...]:
    """Return the networks that a worker with these settings runs."""
    four = ARRAYS[settings.microphone_array]
    near_field = (NEAR_FIELD,) if settings.interference == "near" else ()
    return (
        LOCALIZATION,
        LOCALIZATION_MONO,
        four,
        *near_field,
        ENCODERS,
        SCENARIO,
        SCENARIO_FAMILIARITY,
        SCENARIO_TEXT,
        HAR,
        FAMILIARITY,
    )


def open_registry(settings: Settings) -> Registry:
    """Return the registry of the weights that the settings name."""
    return Registry(settings.weights_dir or WEIGHTS_DIR, settings.precision)


def open_tagger(settings: Settings) -> AudioTagger | None:
    """Return the audio tagger that the settings name, None where our own recogniser is used."""
    if settings.audio_tagger is None:
        return None
    # It runs on torch, which a worker without a tagger does not import.
    from models.serving.audio_tagger import open_audio_tagger

    return open_audio_tagger(settings.audio_tagger)


def open_speech_detector(settings: Settings) -> Detector:
    """Return what hears speech by the settings; raises `RegistryError`."""
    registry = open_registry(settings)
    return (
        WithSilero(registry) if settings.speech_detector == "silero" else SpeechDetector(registry)
    )


def open_llm(settings: Settings, redis: Redis) -> Llm | None:
    """Return the language model that the settings name, None where they have no key."""
    if settings.llm_api_key is None:
        return None
    # The client takes most of a second to import, which a worker without an endpoint saves.
    from infra.llm import Llm

    return Llm(settings, redis)


def _wearers(settings: Settings, redis: Redis, withholds: Callable[[str], bool]) -> Wearers | None:
    # What was learned of a wearer holds whatever the broker still knows.
    checkpoints = Checkpoints(redis, settings.app_id)
    return Wearers(checkpoints, withholds) if settings.wearer_adaptation else None


def _corrected(
    settings: Settings,
    redis: Redis,
    recognizer: ScenarioRecognizer,
    pool: ThreadPoolExecutor,
    withholds: Callable[[str], bool],
) -> Corrected | None:
    windows = CorrectedWindows(redis, settings.app_id)
    return (
        Corrected(windows, recognizer, pool, withholds) if settings.correction_adaptation else None
    )


@dataclass
class Runtime:
    """Opened when a worker starts, closed when it stops."""

    redis: Redis
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
    corrected: Corrected | None
    revisions: dict[str, str]
    llm: Llm | None

    @classmethod
    async def open(
        cls,
        settings: Settings,
        withholds: Callable[[str], bool] = lambda _: False,
        registry: Registry | None = None,
    ) -> Runtime:
        """Connect to the store and load the models; raises one-line errors.

        Nothing is learned of devices that `withholds` names. What `registry` has open is shared.
        """
        redis = await connect(settings)
        checkpoints = Checkpoints(redis, settings.app_id, broker_life(settings))
        registry = registry or open_registry(settings)
        pool = ThreadPoolExecutor(settings.inference_threads, thread_name_prefix="inference")
        tagger = open_tagger(settings)
        if tagger is not None:
            metrics.model_revision.labels(model="audio_tagger", revision=tagger.revision).set(1)
        second_encoder = SecondEncoder(registry)
        scenario_recognizer = ScenarioRecognizer(
            registry,
            sound_event_above=settings.sound_event_above,
            tagger=tagger,
            second_encoder=second_encoder,
        )
        sound_localizer = SoundLocalizer(registry, settings.microphone_array)
        activity_recognizer = ActivityRecognizer(registry, second_encoder)
        extractor = NearFieldExtractor(registry) if settings.interference == "near" else None
        models: dict[str, SoundLocalizer | NearFieldExtractor | ActivityRecognizer] = {
            "localization": sound_localizer,
            "har": activity_recognizer,
        }
        if extractor is not None:
            models["near_field"] = extractor
        for name, model in models.items():
            metrics.model_revision.labels(model=name, revision=model.revision).set(1)
        updates = ModelUpdates(
            settings, registry, scenario_recognizer, Revisions(redis, settings.app_id)
        )
        await updates.open()

        turns = Turns(settings.inference_threads)

        def batcher(
            name: str,
            call: Callable[[Any], Any],
            urgency: Urgency = Urgency.NEXT,
            batch_max: int | None = None,
        ) -> Batcher[Any, Any]:
            return Batcher(
                name,
                call,
                pool,
                batch_max=batch_max or settings.batch_max,
                wait_s=settings.batch_wait_ms / 1000,
                turns=turns,
                urgency=urgency,
            )

        ranking = None
        lanhar = open_lanhar(registry)
        if lanhar is not None:
            labels = KnownLabels(settings, label_set(lanhar))
            await labels.open()
            ranking = Ranking(labels, batcher("lanhar", Rankings(lanhar).predict), lanhar.revision)
            metrics.model_revision.labels(model="lanhar", revision=lanhar.revision).set(1)

        return cls(
            redis=redis,
            checkpoints=checkpoints,
            log=LogStore(redis, settings.app_id, settings.log_retention_days),
            pool=pool,
            windowing_pool=ThreadPoolExecutor(1, thread_name_prefix="windowing"),
            sound_localizer=batcher("localization", sound_localizer.predict, Urgency.FIRST),
            near_field_extractor=(
                batcher("near_field", extractor.predict, Urgency.FIRST)
                if extractor is not None
                else None
            ),
            sound_separator=(
                batcher("near_and_far", scenario_recognizer.name_apart)
                if extractor is not None
                else None
            ),
            # Of what somebody watches, which waits for all that becomes a record.
            sound_namer=batcher("live_sounds", scenario_recognizer.name_sounds, Urgency.LONG),
            # What is long is not made longer.
            scenario_recognizer=batcher("scenario", scenario_recognizer.predict, Urgency.LONG, 1),
            scenario_ahead=batcher(
                "scenario_ahead", scenario_recognizer.prepare, Urgency.LONG, _AHEAD_AT_ONCE
            ),
            activity_recognizer=batcher("har", activity_recognizer.estimate),
            ranking=ranking,
            positions=open_positions(registry),
            updates=updates,
            wearers=_wearers(settings, redis, withholds),
            corrected=_corrected(settings, redis, scenario_recognizer, pool, withholds),
            revisions={name: model.revision for name, model in models.items()},
            llm=open_llm(settings, redis),
        )

    async def close(self) -> None:
        """Let running batches end and close the connections."""
        for batcher in (
            self.sound_localizer,
            self.scenario_recognizer,
            self.scenario_ahead,
            self.activity_recognizer,
            self.sound_namer,
        ):
            await batcher.close()
        for optional in (self.near_field_extractor, self.sound_separator):
            if optional is not None:
                await optional.close()
        if self.ranking is not None:
            await self.ranking.ranker.close()
            await self.ranking.labels.close()
        await self.updates.close()
        if self.llm is not None:
            await self.llm.close()
        self.pool.shutdown(wait=True, cancel_futures=True)
        self.windowing_pool.shutdown(wait=True, cancel_futures=True)
        await self.redis.aclose()
