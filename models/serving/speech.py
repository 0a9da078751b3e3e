"""Speech in a second of sound, so that nothing of it leaves the windower (fails closed).

What is kept of a second without speech is decided before any window is made of it. Where the
detector cannot say, the second counts as speech.
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
"""The feature of a slice that says that it holds speech, (1,): 1 where it does."""

# Wherever one of these is heard people may be talking, on a screen too.
VOICES = ("speech", "laughter", "crowd", "television")

# Our own probability of .1 is Silero's of .3: chosen on validation clips, where it hears nearly as
# much speech as from .1 on, and a voice in a quarter as many other sounds.
_SILERO_ODDS = 0.25


class SoundSecond(NamedTuple):
    """Sound of a second: `samples` (channels, n) at `rate`, Hz, and their log-mel `mel` (T, 64)."""

    samples: NDArray[np.float32]
    rate: int
    mel: NDArray[Any]


class Detector(Protocol):
    """Says how likely it is that somebody speaks."""

    def score(self, second: SoundSecond) -> float:
        """Return the probability of a voice."""


class SpeechDetector:
    """The recogniser's own scores of voices: all of them count, not only those that are named."""

    def __init__(self, registry: Registry) -> None:
        # It hears single seconds, and guards what people say: nothing is rounded.
        self._session = registry.open(ENCODERS, precision="float32").sessions["sounds"]
        self._voices = [RECOGNISED_SOUNDS.index(name) for name in VOICES]

    def score(self, second: SoundSecond) -> float:
        """Return the largest probability of a voice."""
        (logits,) = self._session.run(mel=second.mel[None])  # (1, 54)
        return float(expit(logits[0, self._voices]).max())


class WithSilero:
    """Our own recogniser and Silero VAD: a voice is what either hears."""

    def __init__(self, registry: Registry) -> None:
        # Most workers run without it.
        from models.serving.silero import SileroDetector

        self._own = SpeechDetector(registry)
        self._silero = SileroDetector()

    def score(self, second: SoundSecond) -> float:
        """Return the larger probability, Silero's on our scale; no number where one is none."""
        silero = self._silero.score(second.samples, second.rate)
        voice = _SILERO_ODDS * silero
        return float(np.maximum(self._own.score(second), voice / (1 - silero + voice)))


class SpeechGuard:
    """A featurizer that adds `speech` to each slice of sound of which `above` may be reached.

    `open_detector` is called at the first slice. Where it or the detector fails, all is speech.
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
            # Not `>=`: of a score that is no number nothing is known.
            return not self._detector.score(second) < self._above
        except Exception as error:  # noqa: BLE001 - whatever fails, it fails closed
            if not self._failed:
                log.error("speech cannot be told, so all sound counts as speech: %r", error)
            self._failed = True
            return True
