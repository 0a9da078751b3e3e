"""Opens the networks and clients that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.settings import env_name
from models.serving.registry import WEIGHTS_DIR, Registry, RegistryError
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

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from infra.llm import Llm
    from infra.settings import Settings
    from models.serving.audio_tagger import AudioTagger
    from models.serving.speech import Detector


def model_keys(settings: Settings) -> tuple[Served, ...]:
    """Return the networks that a worker with these settings runs."""
    near_field = (NEAR_FIELD,) if settings.interference == "near" else ()
    return (
        LOCALIZATION,
        LOCALIZATION_MONO,
        ARRAYS[settings.microphone_array],
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


def open_serving_registry(settings: Settings) -> Registry:
    """Return the registry of a worker, whose networks run on the device that the settings name.

    Raises `RegistryError` if that device, or torch for it, is missing.
    """
    if settings.device == "cpu":
        return open_registry(settings)
    # Imports torch, which a worker on the CPU does without.
    try:
        from models.serving.torch_session import open_cuda
    except ImportError as error:
        raise RegistryError(
            f"device is {settings.device!r}, which needs torch ({error}); "
            f"expected it installed, or {env_name('device')}=cpu"
        ) from error

    return Registry(settings.weights_dir or WEIGHTS_DIR, settings.precision, open_cuda())


def open_tagger(settings: Settings) -> AudioTagger | None:
    """Return the audio tagger that the settings name, None for the package's own recogniser."""
    if settings.audio_tagger is None:
        return None
    # Imports torch, which a worker without a tagger does without.
    from models.serving.audio_tagger import open_audio_tagger

    return open_audio_tagger(settings.audio_tagger)


def open_speech_detector(settings: Settings) -> Detector:
    """Return the speech detector that the settings name; raises `RegistryError`."""
    registry = open_registry(settings)
    return (
        WithSilero(registry) if settings.speech_detector == "silero" else SpeechDetector(registry)
    )


def open_llm(settings: Settings, redis: Redis) -> Llm | None:
    """Return the language model that the settings name, None if they have no key."""
    if settings.llm_api_key is None:
        return None
    # Importing the client takes most of a second, which a worker without an endpoint saves.
    from infra.llm import Llm

    return Llm(settings, redis)
