"""Speech detection in each second of sound, so that speech can be dropped in the windower.

Seconds are judged before they become part of a window. It fails closed: if the detector fails, the
second counts as speech.
"""

from __future__ import annotations

import logging
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from scipy.special import expit

from models.labels import RECOGNISED_SOUNDS
from models.serving.served import ENCODERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from models.features import Features
    from models.serving.registry import Registry

log = logging.getLogger(__name__)

SPEECH = "speech"
"""The feature (1,) of a slice that is 1 if it contains speech."""

# Sounds that may contain speech, also from a screen.
VOICES = ("speech", "laughter", "crowd", "television")

# Maps Silero's probability of .3 to our .1. Chosen on validation clips, on which .3 detects nearly
# as much speech as .1, with a quarter of the false alarms on other sounds.
_SILERO_ODDS = 0.25


class SoundSecond(NamedTuple):
    """One second of sound: `samples` (channels, n) at `rate` Hz, and log-mel `mel` (T, 64)."""

    samples: NDArray[np.float32]
    rate: int
    mel: NDArray[Any]


class Detector(Protocol):
    """A detector of speech."""

    def score(self, second: SoundSecond) -> float:
        """Return the probability of a voice."""


class SpeechDetector:
    """The recogniser's scores of voices, also below the threshold of reported events."""

    def __init__(self, registry: Registry) -> None:
        # In float32, because it decides about privacy and costs little on single seconds.
        self._session = registry.open(ENCODERS, precision="float32").sessions["sounds"]
        self._voices = [RECOGNISED_SOUNDS.index(name) for name in VOICES]

    def score(self, second: SoundSecond) -> float:
        """Return the largest probability of a voice."""
        (logits,) = self._session.run(mel=second.mel[None])  # (1, 54)
        return float(expit(logits[0, self._voices]).max())


class WithSilero:
    """Our own recogniser and Silero VAD; speech is what either detects."""

    def __init__(self, registry: Registry) -> None:
        # Imported late: most workers run without it.
        from models.serving.silero import SileroDetector

        self._own = SpeechDetector(registry)
        self._silero = SileroDetector()

    def score(self, second: SoundSecond) -> float:
        """Return the larger probability, with Silero's on our scale; NaN if either is NaN."""
        silero = self._silero.score(second.samples, second.rate)
        voice = _SILERO_ODDS * silero
        return float(np.maximum(self._own.score(second), voice / (1 - silero + voice)))


class SpeechGuard:
    """A featurizer that adds `speech` to each slice of sound whose score reaches `above`.

    `open_detector` is called at the first slice. If it or the detector fails, all is speech.
    """

    def __init__(
        self, features: Features, open_detector: Callable[[], Detector], above: float
    ) -> None:
        self._features = features
        self._open = open_detector
        self._above = above
        self._detector: Detector | None = None
        self._lock = Lock()
        self._failed = False

    def audio(
        self, samples: NDArray[np.float32], rate: int, mask: NDArray[np.bool_]
    ) -> Mapping[str, NDArray[Any]]:
        """Return the features of a slice, with `speech` (1,)."""
        features = self._features.audio(samples, rate, mask)
        speaks = self._speaks(SoundSecond(samples, rate, features["mel"]))
        return {**features, SPEECH: np.array([speaks], dtype=np.float16)}

    def imu(
        self,
        values: NDArray[np.float32],
        rate: float,
        mask: NDArray[np.bool_],
        *,
        first_s: float,
        seconds: float,
    ) -> Mapping[str, NDArray[Any]]:
        """Return the features of a slice of motion."""
        return self._features.imu(values, rate, mask, first_s=first_s, seconds=seconds)

    def _speaks(self, second: SoundSecond) -> bool:
        try:
            with self._lock:
                if self._detector is None:
                    self._detector = self._open()
            # Not `>=`, so that NaN counts as speech.
            return not self._detector.score(second) < self._above
        except Exception as error:  # noqa: BLE001 - must fail closed
            if not self._failed:
                log.error("speech cannot be told, so all sound counts as speech: %r", error)
            self._failed = True
            return True
