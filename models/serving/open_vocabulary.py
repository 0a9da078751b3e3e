"""Serving LanHAR: ranking motion, embedding descriptions, and the shipped labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from models.lanhar.hashed_words import buckets
from models.lanhar.label_memory import LabelMemory
from models.lanhar.rotation_invariant import MIN_SAMPLES, channels_and_measures
from models.lanhar.space import TEMPERATURE
from models.lanhar.thigh import posture_logits
from models.lanhar.vocabulary import (
    RATE,
    LabelEmbeddings,
    OpenVocabulary,
    embed_texts,
    rank_names,
    resample_motion,
)
from models.network.rotation import has_rotation
from models.network.softmax import softmax
from models.serving.weights_file import joint_revision

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from models.lanhar.margins import KnownReadings
    from models.lanhar.position_readout import PositionReadout
    from models.serving.registry import Opened
    from models.serving.session import NetworkSession
    from schemas.position import Place

# The labels that are active by default: the closed set's, locomotion, and a few of housework and
# travel. Others have descriptions, but must be added by `labels add`, because overlapping labels
# (eating soup, eating pasta) would split one activity's probability.
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


def in_force_by_default(labels: LabelEmbeddings) -> LabelEmbeddings:
    """Return those of `labels` that are active by default."""
    return labels.only([name for name in IN_FORCE if name in labels.names])


# Least motion for the measures of gait, as rows of a window.
MIN_ROWS = round(MIN_SAMPLES * RATE / 20)
_LEAST_SHARE = 1e-9


class Labels(Protocol):
    """The active labels: unit `vectors` (K, 128) float32 in the order of `names`.

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
        """The names that were added by description."""


class ServedSensorEncoder:
    """Serves `models.lanhar.sensor_encoder.SensorEncoder` by its graph."""

    def __init__(self, session: NetworkSession) -> None:
        self._session = session

    def __call__(
        self, imu: NDArray[np.float32], posture: float | None = None
    ) -> NDArray[np.float32]:
        """(T, 6) at 20 Hz, m/s² and rad/s -> unit vector (128,)."""
        return self.with_measures(imu, posture)[0]

    def with_measures(
        self, imu: NDArray[np.float32], posture: float | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(T, 6) as above -> unit vector (128,) and the measures (M,) that it was computed from."""
        return self.of_all([(imu, posture)])[0]

    def of_all(
        self, windows: Sequence[tuple[NDArray[np.float32], float | None]]
    ) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Return what `with_measures` does of each window and its posture."""
        inputs = []
        for imu, posture in windows:
            seen, measured = channels_and_measures(imu[None])
            known = np.array([[0.0, 0.0] if posture is None else [posture, 1.0]])
            inputs.append({"channels": seen, "measures": measured, "posture": known})
        made = self._session.run_all(inputs)  # (1, 128) each
        return [
            (vector[0], given["measures"][0]) for (vector,), given in zip(made, inputs, strict=True)
        ]


class ServedTextEncoder:
    """Serves `models.lanhar.text_encoder.WordEncoder` by its graph."""

    def __init__(self, opened: Opened) -> None:
        self._session = opened.sessions["lanhar_text"]
        self._config = opened.config

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors (N, 128) of texts."""
        prepared = buckets(texts, self._config["buckets"], self._config["most_words"])
        (vectors,) = self._session.run(prepared=prepared)
        found: NDArray[np.float32] = vectors
        return found


class MotionReading(NamedTuple):
    """A window of motion: its unit `vector` (128,) and `measures` (M,).

    `rotation` is False if the device has no gyroscope.
    """

    vector: NDArray[np.float64]
    measures: NDArray[np.float32]
    rotation: bool = True


@dataclass(frozen=True)
class Lanhar:
    """LanHAR's networks and shipped labels.

    `revision` is the sensor encoder's; `text_revision` is that of the text encoder, which defines
    the space of the labels' vectors. `readout` corrects the probabilities at its position.
    `acceleration` is the revision of the sensor encoder for devices without a gyroscope, and
    `suffix` says on what the sensor encoder computes (`models.serving.registry.Opened`).
    """

    sensor: ServedSensorEncoder
    text: ServedTextEncoder
    shipped: LabelEmbeddings
    readings: KnownReadings
    revision: str
    text_revision: str
    readout: PositionReadout | None = None
    acceleration: str = ""
    suffix: str = ""

    @property
    def record_revision(self) -> str:
        """The revision in records: `revision`, or 12 digits of it and the others' together.

        The others are the readout's and `acceleration`. The suffix follows, if there is one.
        """
        readout = "" if self.readout is None else self.readout.revision
        # A record's revision has at most 64 characters, which other parts of it need.
        revision = joint_revision((self.revision, readout, self.acceleration))
        return f"{revision}+{self.suffix}" if self.suffix else revision

    @cached_property
    def vocabulary(self) -> OpenVocabulary:
        """The ranking of single windows among any labels."""
        return OpenVocabulary(self.sensor)

    @cached_property
    def memory(self) -> LabelMemory:
        """The temporal filter over the shipped labels."""
        return LabelMemory(self.shipped.names)

    def rank(
        self, imu: NDArray[Any], labels: Labels, posture: float | None = None
    ) -> list[tuple[str, float]]:
        """(N, 6) at 50 Hz in m/s² and rad/s → every label with its probability, likeliest first.

        `posture` is `models.lanhar.upright.Upright.cosine` of the window, None if unknown.
        """
        known = LabelEmbeddings(labels.names, labels.vectors)
        margins = self.readings.margins(labels.names, labels.vectors, labels.described)
        return self.vocabulary.rank(imu, known, posture=posture, margins=margins)

    def rank_next(
        self,
        imu: NDArray[Any],
        labels: Labels,
        posture: float | None,
        memory: Sequence[float],
        start_s: float,
        position: Place | None = None,
    ) -> tuple[list[tuple[str, float]], tuple[float, ...]]:
        """Return the ranking filtered over the session's windows, and the updated memory.

        start_s: start of the window, s. position: the device's. The memory covers the shipped
        labels, active or not; an added label keeps its lead over them, or its distance behind.
        """
        return self.rank_reading(
            self.read(imu, posture), labels, posture, memory, start_s, position
        )

    def rank_reading(
        self,
        reading: MotionReading,
        labels: Labels,
        posture: float | None,
        memory: Sequence[float],
        start_s: float,
        position: Place | None = None,
    ) -> tuple[list[tuple[str, float]], tuple[float, ...]]:
        """Return what `rank_next` does, from the window's reading."""
        shares = self.shares(reading, position, posture)
        memory = self.memory.after(memory, start_s, shares, position)
        margins = self.readings.margins(labels.names, labels.vectors, labels.described)
        likeness = labels.vectors.astype(np.float64) @ reading.vector
        scores = margins.adjust(likeness[None], reading.vector[None])[0] / TEMPERATURE
        known = [
            (place, self.shipped.names.index(name))
            for place, name in enumerate(labels.names)
            if name in self.shipped.names and name not in labels.described
        ]
        if known:
            places, numbers = map(list, zip(*known, strict=True))
            remembered = np.log(
                np.maximum(self.memory.shares(memory, position)[numbers], _LEAST_SHARE)
            )
            scores += remembered.max() - scores[places].max()
            scores[places] = remembered
        return rank_names(labels.names, scores), memory

    def read(self, imu: NDArray[Any], posture: float | None = None) -> MotionReading:
        """Return the reading of a window; arguments as for `rank`."""
        return self.read_all([(imu, posture)])[0]

    def read_all(self, windows: Sequence[tuple[NDArray[Any], float | None]]) -> list[MotionReading]:
        """Return the reading of each window and its posture."""
        made = self.sensor.of_all([(resample_motion(imu), posture) for imu, posture in windows])
        return [
            MotionReading(vector.astype(np.float64), measures, has_rotation(imu))
            for (vector, measures), (imu, _) in zip(made, windows, strict=True)
        ]

    def shares(
        self,
        reading: MotionReading,
        position: Place | None = None,
        posture: float | None = None,
    ) -> NDArray[np.float64]:
        """Return the probability (K,) of each shipped label in a window by itself.

        `position` is the device's, and `posture` the cosine as for `rank`; None if unknown.
        """
        names = self.shipped.names
        logits = self.shipped.vectors.astype(np.float64) @ reading.vector / TEMPERATURE
        logits += posture_logits(names, position, posture)
        readout = self.readout
        # It has learned from measures of rotation, too.
        if readout and reading.rotation and position == readout.config.position:
            return readout.shares(names, logits, reading.measures)
        return softmax(logits)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the unit vector (128,) of one activity from its descriptions."""
        return embed_texts(self.text, texts)
