"""EgoLog's networks as a worker runs them, loaded together because they share an encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra import metrics
from models.serving.encoded_seconds import SecondEncoder
from models.serving.near_field import NearFieldExtractor
from models.serving.predict import ActivityRecognizer, ScenarioRecognizer, SoundLocalizer
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

    def revisions(self) -> dict[str, str]:
        """Return the revisions by the name in metrics, but for the replaceable scenario network."""
        revisions = {
            "localization": self.sound_localizer.revision,
            "har": self.activity.revision,
        }
        if self.near_field_extractor is not None:
            revisions["near_field"] = self.near_field_extractor.revision
        return revisions
