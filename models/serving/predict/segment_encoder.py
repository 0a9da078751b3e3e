"""Encoding the segments of scenario windows (EgoLog §4.1.2), for the sequence model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from models.labels import MOTIONS
from models.serving.predict.arrays import (
    FRAME_RATE,
    IMU_AXES,
    MEL_BANDS,
    Array,
    PredictError,
    check,
    encoded_sound,
    segment_mask,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.serving.encoded_seconds import SecondEncoder
    from models.serving.predict.scenario_window import ScenarioInput
    from models.serving.registry import Opened
    from models.serving.segment_motion import SegmentMotion


class SegmentEncoder:
    """Encodes windows' sound and motion in segments of `segment_s`."""

    def __init__(
        self,
        encoders: Opened,
        second_encoder: SecondEncoder,
        segment_motion: SegmentMotion,
        segment_s: int,
    ) -> None:
        self._encoders = encoders
        self._second_encoder = second_encoder
        self._segment_motion = segment_motion
        self._segment_s = segment_s

    def encode(self, items: Sequence[ScenarioInput]) -> list[tuple[dict[str, Array], Array]]:
        """Return each window's inputs of graph `scenario_rows`, unbatched, and motion classes."""
        encoded = [self._nothing_encoded(item) for item in items]
        # Absent segments are encoded too and dropped later, because the batch's size changes the
        # order of summation.
        self._encode_sound(items, encoded)
        return list(zip(encoded, self._encode_motion(items, encoded), strict=True))

    def _nothing_encoded(self, item: ScenarioInput) -> dict[str, Array]:
        sound = item.mel if item.seconds is None else item.seconds
        has_audio = segment_mask(item.audio_mask, sound, "audio_mask", self._segment_s)  # (S,)
        has_imu = segment_mask(item.imu_mask, item.imu, "imu_mask", self._segment_s)  # (S,)
        if len(has_audio) != len(has_imu):
            raise PredictError(
                f"audio_mask spans {len(has_audio)} segments and imu_mask {len(has_imu)}; "
                "expected the same"
            )
        count, sizes = len(has_audio), self._encoders.config
        return {
            "audio_features": np.zeros((count, sizes["audio"]["features"]), np.float32),
            "audio_embedding": np.zeros((count, sizes["space"]["embedding"]), np.float32),
            "audio_mask": has_audio,
            "imu_features": np.zeros((count, sizes["imu"]["features"]), np.float32),
            "imu_embedding": np.zeros((count, sizes["space"]["embedding"]), np.float32),
            "imu_mask": has_imu,
        }

    def _encode_sound(
        self, items: Sequence[ScenarioInput], encoded: Sequence[dict[str, Array]]
    ) -> None:
        """Fill in the features and embeddings of the sound of windows that have any."""
        sounding = [n for n, each in enumerate(encoded) if each["audio_mask"].any()]
        for number in sounding:
            mel, count = items[number].mel, len(encoded[number]["audio_mask"])
            if mel is not None:
                check("mel", mel, (count * FRAME_RATE * self._segment_s, MEL_BANDS))
        of_items = encoded_sound(
            [(items[n].mel, items[n].seconds) for n in sounding], self._second_encoder, last=True
        )  # (1, n, 2, 512) each
        given = []
        for number, seconds in zip(sounding, of_items, strict=True):
            count = len(encoded[number]["audio_mask"])
            if seconds.shape[1] != count * self._segment_s:
                raise PredictError(
                    f"item has {seconds.shape[1]} seconds of sound; "
                    f"expected {count * self._segment_s}"
                )
            segments = seconds.reshape(count, self._segment_s, *seconds.shape[2:])
            given.append({"seconds": segments})
        made = self._encoders.sessions["heard"].run_all(given)  # (S, F), (S, D) each
        for number, (features, embedding) in zip(sounding, made, strict=True):
            encoded[number].update(audio_features=features, audio_embedding=embedding)

    def _encode_motion(
        self, items: Sequence[ScenarioInput], encoded: Sequence[dict[str, Array]]
    ) -> list[Array]:
        """Fill in the features and embeddings of motion; return the motion classes (4,)."""
        frames = FRAME_RATE * self._segment_s
        given: dict[int, Array] = {}
        for number, item in enumerate(items):
            count = len(encoded[number]["imu_mask"])
            if item.imu is not None and encoded[number]["imu_mask"].any():
                check("imu", item.imu, (count * frames, IMU_AXES))
                given[number] = item.imu.reshape(count, frames, IMU_AXES)
        motions = [np.zeros(len(MOTIONS)) for _ in items]
        made = self._segment_motion.encode_all(list(given.values()), last=True)
        for number, (features, embedding, logits) in zip(given, made, strict=True):
            # (S, F), (S, D), (S, 4)
            encoded[number].update(imu_features=features, imu_embedding=embedding)
            motions[number] = expit(logits[encoded[number]["imu_mask"]].max(axis=0))
        return motions
