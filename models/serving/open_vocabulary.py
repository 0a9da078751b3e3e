"""LanHAR's weights as the stream uses them: what ranks, what embeds, and the shipped labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from models.lanhar.readings import LANHAR_READINGS, Readings
from models.lanhar.rotation_invariant import MIN_SAMPLES
from models.lanhar.sensor_encoder import LANHAR_SENSOR
from models.lanhar.text_encoder import LANHAR_TEXT
from models.lanhar.vocabulary import (
    LANHAR_LABELS,
    RATE,
    LabelEmbeddings,
    OpenVocabulary,
    embed_texts,
)
from models.serving.registry import RegistryError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from models.lanhar.text_encoder import TextEncoder
    from models.serving.registry import Registry

KEYS = (LANHAR_SENSOR, LANHAR_TEXT, LANHAR_LABELS, LANHAR_READINGS)
# The labels in force before anybody changes them: the closed set's, and the locomotion and the few
# housework and travel labels beside it. More are described, and wait for `labels add`: labels that
# overlap (eating soup, eating pasta) would share what is one activity's probability.
IN_FORCE: tuple[str, ...] = (
    "walking",
    "running",
    "going upstairs",
    "going downstairs",
    "cycling",
    "sitting",
    "standing",
    "lying",
    "standing up",
    "sitting down",
    "clapping",
    "talking",
    "drinking",
    "eating",
    "typing on a keyboard",
    "writing",
    "watching TV",
    "washing hands",
    "brushing teeth",
    "cleaning a room",
    "folding clothes",
    "driving a car",
)
# The measures of gait need this much motion, 20 Hz samples as samples of a window.
MIN_ROWS = round(MIN_SAMPLES * RATE / 20)


class Labels(Protocol):
    """What is ranked against: `vectors` (K, 128) float32, unit, in the order of `names`.

    Those in `described` were added, and have no readings.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """The labels' names."""

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The labels' unit vectors."""

    @property
    def described(self) -> Collection[str]:
        """The names that were added by their description."""


@dataclass(frozen=True)
class Lanhar:
    """The networks and the labels that are in force before anybody changes them.

    `revision` is the sensor encoder's; `text_revision` is that of the text encoder, whose space the
    labels' vectors belong to and the sensor encoder was taught to reach.
    """

    vocabulary: OpenVocabulary
    text: TextEncoder
    shipped: LabelEmbeddings
    readings: Readings
    revision: str
    text_revision: str

    def rank(
        self, imu: NDArray[Any], labels: Labels, posture: float | None = None
    ) -> list[tuple[str, float]]:
        """(N, 6) at 50 Hz in m/s² and rad/s → every label with its probability, likeliest first.

        `posture` is `models.lanhar.upright.Upright.cosine` of the window, None where unknown.
        """
        known = LabelEmbeddings(labels.names, labels.vectors)
        margins = self.readings.margins(labels.names, labels.vectors, labels.described)
        return self.vocabulary.rank(imu, known, posture=posture, margins=margins)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the unit vector (128,) of one activity from its descriptions."""
        return embed_texts(self.text, texts)


def open_lanhar(registry: Registry) -> Lanhar | None:
    """Return LanHAR, None where none of its weights are there: then nothing is ranked.

    Raises `RegistryError` where they are damaged or not all of them are there.
    """
    if not any(registry.path(key).is_file() for key in KEYS):
        return None
    return require_lanhar(registry)


def require_lanhar(registry: Registry) -> Lanhar:
    """Return LanHAR; raises `RegistryError` with one line where its weights cannot be used."""
    sensor, text = registry.load(LANHAR_SENSOR), registry.load(LANHAR_TEXT)
    known = registry.load(LANHAR_LABELS).module.labels()
    readings = registry.load(LANHAR_READINGS).module
    if readings.config.sensor not in ("", sensor.revision):
        raise RegistryError(
            f"weights lanhar_readings are of sensor encoder {readings.config.sensor}, and it is "
            f"{sensor.revision}; expected them anew: python -m models.research.lanhar.training.kept"
        )
    return Lanhar(
        vocabulary=OpenVocabulary(sensor.module),
        text=text.module,
        shipped=known.only([name for name in IN_FORCE if name in known.names]),
        readings=readings,
        revision=sensor.revision,
        text_revision=text.revision,
    )
