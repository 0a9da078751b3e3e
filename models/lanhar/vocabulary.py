"""Open-vocabulary recognition: label embeddings, and ranking them for motion (LanHAR §3.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from models.lanhar import descriptions
from models.lanhar.resample import to_20_hz
from models.lanhar.rotation_invariant import MIN_SAMPLES
from models.lanhar.space import FEATURES, TEMPERATURE
from models.network.softmax import softmax

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.lanhar.margins import Margins

RATE = 50.0


class VocabularyError(ValueError):
    """Labels or motion are invalid."""


@dataclass(frozen=True)
class LabelEmbeddings:
    """`names` (K,) and their unit `vectors` (K, 128) float32; raises `VocabularyError`."""

    names: tuple[str, ...]
    vectors: NDArray[np.float32]
    described: tuple[str, ...] = ()
    """Names that were added by text, whose readings, if any, are ignored."""

    def __post_init__(self) -> None:
        if self.vectors.shape != (len(self.names), FEATURES):
            raise VocabularyError(
                f"label vectors have shape {self.vectors.shape}; "
                f"expected ({len(self.names)}, {FEATURES})"
            )
        if len(set(self.names)) != len(self.names):
            twice = next(name for name in self.names if self.names.count(name) > 1)
            raise VocabularyError(f"label {twice!r} is there twice; expected each once")

    def only(self, names: Sequence[str]) -> LabelEmbeddings:
        """Return the labels `names`, in that order."""
        lacking = [name for name in names if name not in self.names]
        if lacking:
            raise VocabularyError(f"label {lacking[0]!r} is unknown; know {', '.join(self.names)}")
        rows = [self.names.index(name) for name in names]
        return LabelEmbeddings(tuple(names), self.vectors[rows])


class EncodesTexts(Protocol):
    """Turns texts into unit vectors (N, 128)."""

    def encode(self, texts: Sequence[str]) -> Any:
        """Return an array or tensor (N, 128)."""


class EncodesMotion(Protocol):
    """Maps (T, 6) at 20 Hz, m/s² and rad/s, to a unit vector (128,).

    `posture` is the cosine of gravity's angle to the wearer's upright, None if unknown.
    """

    def __call__(
        self, imu: NDArray[np.float32], posture: float | None = None
    ) -> NDArray[np.float32]:
        """Return the unit vector."""


def embed_texts(encoder: EncodesTexts, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the unit vector (128,) of one activity from its descriptions."""
    if not any(text.strip() for text in texts):
        raise VocabularyError("descriptions are empty; expected a sentence or more")
    vectors = np.asarray(encoder.encode([text for text in texts if text.strip()]), np.float64)
    mean = vectors.mean(axis=0)
    vector: NDArray[np.float32] = (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(
        np.float32
    )
    return vector


def embed_labels(encoder: EncodesTexts, names: Sequence[str]) -> LabelEmbeddings:
    """Return label embeddings from the shipped descriptions; raises `DescriptionError`."""
    vectors = []
    for name in names:
        parts = descriptions.describe_by_aspect(name)
        vectors.append(
            embed_texts(encoder, [text for p in parts for text in (p.text(), p.sensors)])
        )
    stacked = np.stack(vectors) if vectors else np.zeros((0, FEATURES), np.float32)
    return LabelEmbeddings(tuple(names), stacked)


def resample_motion(imu: NDArray[Any], rate: float = RATE) -> NDArray[np.float32]:
    """(N, 6) at `rate` Hz, m/s² and rad/s -> (T, 6) at 20 Hz, as motion is encoded.

    Raises `VocabularyError` for another shape or less than 3 s.
    """
    rows = np.asarray(imu, np.float32)
    if rows.ndim != 2 or rows.shape[1] != 6:
        raise VocabularyError(f"motion has shape {rows.shape}; expected (N, 6)")
    even = to_20_hz(np.nan_to_num(rows), rate)
    if len(even) < MIN_SAMPLES:
        raise VocabularyError(
            f"motion has {len(rows)} rows; expected {round(MIN_SAMPLES * rate / 20)} or more"
        )
    return even


class OpenVocabulary:
    """Ranks arbitrary labels for motion with a sensor encoder."""

    def __init__(self, encode: EncodesMotion) -> None:
        self._encode = encode

    def embed(
        self, imu: NDArray[Any], rate: float = RATE, posture: float | None = None
    ) -> NDArray[np.float32]:
        """(N, 6) at `rate` Hz, m/s² and rad/s -> unit vector (128,); 3 s or more.

        `posture` is the cosine of gravity's angle to the wearer's upright, None if unknown.
        """
        return self._encode(resample_motion(imu, rate), posture)

    def rank(
        self,
        imu: NDArray[Any],
        labels: LabelEmbeddings,
        rate: float = RATE,
        posture: float | None = None,
        margins: Margins | None = None,
    ) -> list[tuple[str, float]]:
        """Return every label with its probability, likeliest first; arguments as for `embed`."""
        if not labels.names:
            return []
        reading = self.embed(imu, rate, posture).astype(np.float64)
        likeness = labels.vectors.astype(np.float64) @ reading  # (K,)
        if margins is not None:
            likeness = margins.adjust(likeness[None], reading[None])[0]
        return rank_names(labels.names, likeness / TEMPERATURE)


def rank_names(names: Sequence[str], scores: NDArray[np.float64]) -> list[tuple[str, float]]:
    """Return names (K,) with the softmax of the logits `scores` (K,), likeliest first."""
    shares = softmax(scores)
    order = np.argsort(-shares, kind="stable")
    return [(names[i], float(shares[i])) for i in order]
