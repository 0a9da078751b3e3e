"""Serving scenario-aware activity recognition (EgoLog §4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.egolog.out_of_distribution import (
    SHOWING_POSTURE,
    FamiliarActivityMotion,
    is_unknown,
)
from models.egolog.tilt import POSTURES, with_posture
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
    from schemas.position import Place


@dataclass(frozen=True)
class HarInput:
    """One activity window: `mel` (T, 64), `imu` (N, 6), and the scenario estimate; any may be None.

    T spans whole seconds. If the interference gate drops the audio, `mel` is silence, `dropped` is
    True, and sound does not count as familiar. `seconds` are the encoded seconds of `mel`, if
    available. Earlier windows tell `lies` (`models.lanhar.upright`) and `seated`, the probability
    that the wearer sits, or None if the device does not show it (`models.egolog.tilt`). `position`
    is the device's, None if unknown.
    """

    mel: Array | None
    imu: Array | None
    scenarios: Mapping[str, float] | None = None
    seconds: Sequence[EncodedSecond] | None = None
    dropped: bool = False
    lies: bool = False
    seated: float | None = None
    position: Place | None = None


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
        sound, motion = self._encode_sound(items), self._encode_motion(items)
        given = [
            self._inputs(item, sound.get(number), motion.get(number))
            for number, item in enumerate(items)
        ]
        return [
            self._estimate(item, motion.get(number), logits[0])
            for number, (item, (logits,)) in enumerate(
                zip(items, self._har.run_all(given), strict=True)
            )
        ]

    def _encode_sound(self, items: Sequence[HarInput]) -> dict[int, tuple[Array, Array]]:
        """Return the features (1, F) and (1, n, F) of the sound of items that have any."""
        sounding = [n for n, item in enumerate(items) if _sound(item) is not None]
        encoded = encoded_sound(
            [(items[n].mel, items[n].seconds) for n in sounding], self._second_encoder
        )  # (1, n, 2, 512) each
        encoder = self._encoders.sessions["heard"]
        together = encoder.run_all([{"seconds": seconds} for seconds in encoded])
        apart = encoder.run_all([{"seconds": seconds[0, :, None]} for seconds in encoded])
        return {
            number: (whole, each[None])
            for number, (whole, _), (each, _) in zip(sounding, together, apart, strict=True)
        }

    def _encode_motion(self, items: Sequence[HarInput]) -> dict[int, tuple[Array, Array]]:
        """Return the features (1, F) and (1, n, F) of the motion of items that have any."""
        moving = {n: item.imu for n, item in enumerate(items) if item.imu is not None}
        for imu in moving.values():
            check("imu", imu, (None, IMU_AXES))
        made = self._encoders.sessions["motion_features"].run_all(
            [{"imu": imu[None]} for imu in moving.values()]
        )
        return {n: (whole, apart) for n, (whole, apart) in zip(moving, made, strict=True)}

    def _inputs(
        self, item: HarInput, sound: tuple[Array, Array] | None, motion: tuple[Array, Array] | None
    ) -> dict[str, Array]:
        """Return the inputs of graph `har`."""
        sizes = self._encoders.config
        audio = np.zeros((1, sizes["audio"]["features"]), np.float32)
        imu = np.zeros((1, sizes["imu"]["features"]), np.float32)
        # Without sound the logits are those of the fusion alone, and these have no effect.
        audio_seconds, imu_seconds = audio[:, None], imu[:, None]  # (1, 1, F)
        if sound is not None:
            audio, audio_seconds = sound
            imu_seconds = np.repeat(imu_seconds, audio_seconds.shape[1], axis=1)
        if motion is not None:
            imu, by_second = motion
            if sound is not None:
                imu_seconds = _of_as_many(by_second, audio_seconds)
        names = detected_scenarios(item.scenarios or {})
        # Without scenarios one masked row keeps the shape valid.
        text = self._text[[SCENARIOS.index(name) for name in names] or [0]]  # (K, E)
        return {
            "audio": audio,
            "audio_mask": np.array([sound is not None]),
            "imu": imu,
            "imu_mask": np.array([motion is not None]),
            "text": text[None],
            "text_mask": np.full((1, len(text)), bool(names)),
            "audio_seconds": audio_seconds,
            "imu_seconds": imu_seconds,
        }

    def _estimate(
        self, item: HarInput, motion: tuple[Array, Array] | None, logits: Array
    ) -> ActivityEstimate:
        sound = _sound(item)
        by_motion = sound is None
        seated = item.seated if by_motion else None
        shares = softmax(logits.astype(np.float64))  # (16,)
        if seated is not None:
            shares = with_posture(shares, seated)
        activities = by_name(ACTIVITIES, shares)
        likeliest = max(activities, key=activities.__getitem__)
        familiarity: dict[Modality, float] = {}
        if motion is not None:
            (familiarity["imu"],) = round_all([self._known.familiarity(motion[0], likeliest)])
        kept_sound = None if item.dropped else sound
        parts: dict[Modality, object | None] = {"audio": kept_sound, "imu": item.imu}
        present = [name for name, part in parts.items() if part is not None]
        least = self._known.least_by_motion if by_motion else self._known.least_probability
        # A posture is shown however unlike that of training users the motion is.
        shown = seated is not None or (by_motion and item.position in SHOWING_POSTURE)
        judged = {} if shown and likeliest in POSTURES else familiarity
        unknown = is_unknown(activities, judged, present, least)
        # Motion cannot show any of the sixteen activities while the wearer lies.
        return ActivityEstimate(activities, familiarity, unknown or (by_motion and item.lies))


def _sound(item: HarInput) -> object | None:
    return item.mel if item.seconds is None else item.seconds


def _of_as_many(imu_features: Array, audio_features: Array) -> Array:
    if imu_features.shape[1] != audio_features.shape[1]:
        raise PredictError(
            f"imu is of {imu_features.shape[1]} whole seconds; expected "
            f"{audio_features.shape[1]}, those of mel"
        )
    return imu_features
