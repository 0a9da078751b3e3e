"""EgoLog's networks as a worker runs them, loaded together because they share an encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from infra import metrics
from infra.settings import env_name
from models.network.windows import HAR_WINDOW_S, SCENARIO_WINDOW_S
from models.serving.encoded_seconds import SecondEncoder
from models.serving.near_field import PLANES, NearFieldExtractor
from models.serving.predict import (
    FRAME_RATE,
    IMU_AXES,
    MEL_BANDS,
    ActivityRecognizer,
    HarInput,
    LocalizerInput,
    ScenarioInput,
    ScenarioRecognizer,
    SoundLocalizer,
)
from models.serving.registry import RegistryError
from streams.engine.startup import open_tagger

if TYPE_CHECKING:
    from infra.settings import Settings
    from models.serving.registry import Registry


@dataclass(frozen=True)
class Recognizers:
    """The loaded networks; the near-field extractor is None unless the settings ask for it."""

    sound_localizer: SoundLocalizer
    near_field_extractor: NearFieldExtractor | None
    scenario: ScenarioRecognizer
    activity: ActivityRecognizer

    @classmethod
    def load(cls, settings: Settings, registry: Registry) -> Recognizers:
        """Load the networks and export their revisions as metrics; raises `RegistryError`."""
        tagger = open_tagger(settings)
        if tagger is not None:
            metrics.model_revision.labels(model="audio_tagger", revision=tagger.revision).set(1)
        second_encoder = SecondEncoder(registry)
        loaded = cls(
            SoundLocalizer(registry, settings.microphone_array),
            NearFieldExtractor(registry) if settings.interference == "near" else None,
            ScenarioRecognizer(
                registry,
                sound_event_above=settings.sound_event_above,
                tagger=tagger,
                second_encoder=second_encoder,
            ),
            ActivityRecognizer(registry, second_encoder),
        )
        for name, revision in loaded.revisions().items():
            metrics.model_revision.labels(model=name, revision=revision).set(1)
        return loaded

    def try_out(self) -> None:
        """Run the networks on half a minute of silence, which loads the kernels of a GPU.

        Raises `RegistryError`, one line, if it cannot run them.
        """
        steps, there = FRAME_RATE * SCENARIO_WINDOW_S, np.ones(SCENARIO_WINDOW_S, bool)
        mel, imu = np.zeros((steps, MEL_BANDS)), np.zeros((steps, IMU_AXES))
        maps, activity = np.zeros((PLANES, FRAME_RATE, MEL_BANDS)), FRAME_RATE * HAR_WINDOW_S
        try:
            self.sound_localizer.locate([LocalizerInput(maps, imu[:FRAME_RATE])])
            if self.near_field_extractor is not None:
                self.near_field_extractor.predict([maps])
            self.scenario.predict([ScenarioInput(mel, imu, there, there)])
            self.activity.estimate([HarInput(mel[:activity], imu[:activity])])
        except RuntimeError as error:
            raise RegistryError(
                f"device cannot run the networks ({str(error).splitlines()[0][:200]}); "
                f"expected a GPU that torch supports, or {env_name('device')}=cpu"
            ) from error

    def revisions(self) -> dict[str, str]:
        """Return the revisions by the name in metrics, but for the replaceable scenario network."""
        revisions = {
            "localization": self.sound_localizer.revision,
            "har": self.activity.revision,
        }
        if self.near_field_extractor is not None:
            revisions["near_field"] = self.near_field_extractor.revision
        return revisions
