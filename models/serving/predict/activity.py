"""Serving scenario-aware activity recognition (EgoLog §4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.egolog.out_of_distribution import FamiliarActivityMotion, is_unknown
from models.labels import ACTIVITIES, SCENARIOS
from models.network.softmax import softmax
from models.serving.encoded_seconds import EncodedSecond, SecondEncoder
from models.serving.predict.arrays import (
    IMU_AXES,
    Array,
    PredictError,
    by_name,
    check,
    encoded_sound,
    round_all,
)
from models.serving.predict.detected_scenarios import detected_scenarios
from models.serving.served import ENCODERS, FAMILIARITY, HAR, SCENARIO_TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.serving.registry import Registry
    from schemas.frames import Modality


@dataclass(frozen=True)
class HarInput:
    """One activity window: `mel` (T, 64), `imu` (N, 6), and the scenario estimate; any may be None.

    T spans whole seconds. If the interference gate drops the audio, `mel` is silence, `dropped` is
    True, and sound does not count as familiar. `seconds` are the encoded seconds of `mel`, if
    available. `lies` is known from earlier windows (`models.lanhar.upright`).
    """

    mel: Array | None
    imu: Array | None
    scenarios: Mapping[str, float] | None = None
    seconds: Sequence[EncodedSecond] | None = None
    dropped: bool = False
    lies: bool = False


@dataclass(frozen=True)
class ActivityEstimate:
    """Probabilities of the activities, the familiarity of each judged modality, and the verdict.

    The likeliest activity of an `unknown` window should not be trusted.
    """

    activities: dict[str, float]
    familiarity: dict[Modality, float]
    unknown: bool


class ActivityRecognizer:
    """Scenario-aware activity recognition (EgoLog §4.3) on the encoders of the scenario.

    `second_encoder` is shared with scenario recognition.
    """

    def __init__(self, registry: Registry, second_encoder: SecondEncoder | None = None) -> None:
        self._second_encoder = second_encoder or SecondEncoder(registry)
        encoders, har = registry.open(ENCODERS), registry.open(HAR)
        self._encoders = encoders
        self._har = har.sessions["har"]
        self._text = registry.weights(SCENARIO_TEXT).tensors["table"].astype(np.float32)  # (16, E)
        self._known = FamiliarActivityMotion.of(registry.weights(FAMILIARITY).tensors)
        self.revision = f"{har.revision}+{encoders.recorded}"

    def predict(self, items: Sequence[HarInput]) -> list[dict[str, float]]:
        """Return the activities' probabilities, which sum to 1 up to rounding.

        Raises `PredictError` for wrong shapes or an unknown scenario.
        """
        return [estimate.activities for estimate in self.estimate(items)]

    def estimate(self, items: Sequence[HarInput]) -> list[ActivityEstimate]:
        """Return the probabilities with familiarity and verdict; raises as `predict`."""
        return [self._estimate(item) for item in items]

    def _estimate(self, item: HarInput) -> ActivityEstimate:
        sizes, sessions = self._encoders.config, self._encoders.sessions
        audio = np.zeros((1, sizes["audio"]["features"]), np.float32)
        imu = np.zeros((1, sizes["imu"]["features"]), np.float32)
        # Without sound the logits are those of the fusion alone, and these have no effect.
        audio_seconds, imu_seconds = audio[:, None], imu[:, None]  # (1, 1, F)
        familiarity: dict[Modality, float] = {}
        sound = item.mel if item.seconds is None else item.seconds
        if sound is not None:
            seconds = encoded_sound(item.mel, item.seconds, self._second_encoder)  # (1, n, 2, 512)
            audio, _ = sessions["heard"].run(seconds=seconds)  # (1, F), (1, D)
            apart, _ = sessions["heard"].run(seconds=seconds[0, :, None])  # (n, F), (n, D)
            audio_seconds = apart[None]
            imu_seconds = np.repeat(imu_seconds, len(apart), axis=1)
        if item.imu is not None:
            check("imu", item.imu, (None, IMU_AXES))
            imu, by_second = sessions["motion_features"].run(
                imu=item.imu[None]
            )  # (1, F), (1, n, F)
            if sound is not None:
                imu_seconds = _of_as_many(by_second, audio_seconds)
            (familiarity["imu"],) = round_all([self._known.familiarity(imu)])
        names = detected_scenarios(item.scenarios or {})
        # Without scenarios one masked row keeps the shape valid.
        text = self._text[[SCENARIOS.index(name) for name in names] or [0]]  # (K, E)
        (logits,) = self._har.run(
            audio=audio,
            audio_mask=np.array([sound is not None]),
            imu=imu,
            imu_mask=np.array([item.imu is not None]),
            text=text[None],
            text_mask=np.full((1, len(text)), bool(names)),
            audio_seconds=audio_seconds,
            imu_seconds=imu_seconds,
        )  # (1, 16)
        activities = by_name(ACTIVITIES, softmax(logits[0].astype(np.float64)))
        kept_sound = None if item.dropped else sound
        parts: dict[Modality, object | None] = {"audio": kept_sound, "imu": item.imu}
        present = [name for name, part in parts.items() if part is not None]
        by_motion = sound is None
        least = self._known.least_by_motion if by_motion else self._known.least_probability
        unknown = is_unknown(activities, familiarity, present, least)
        # Motion cannot show any of the sixteen activities while the wearer lies.
        return ActivityEstimate(activities, familiarity, unknown or (by_motion and item.lies))


def _of_as_many(imu_features: Array, audio_features: Array) -> Array:
    if imu_features.shape[1] != audio_features.shape[1]:
        raise PredictError(
            f"imu is of {imu_features.shape[1]} whole seconds; expected "
            f"{audio_features.shape[1]}, those of mel"
        )
    return imu_features
