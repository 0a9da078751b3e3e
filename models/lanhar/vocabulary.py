"""Activities as vectors, and motion ranked by them: whatever is described (LanHAR §3.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from models.lanhar import descriptions
from models.lanhar.resample import to_20_hz
from models.lanhar.rotation_invariant import MIN_SAMPLES
from models.lanhar.sensor_encoder import FEATURES, SensorEncoder
from models.network.key import Config, Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.lanhar.readings import Margins
    from models.lanhar.text_encoder import TextEncoder

RATE = 50.0
TEMPERATURE = 0.1
"""What training divides likeness by; probabilities use the same."""


class VocabularyError(ValueError):
    """Labels or motion do not fit; the text says what would."""


@dataclass(frozen=True)
class LabelEmbeddings:
    """`names` (K,) and their unit `vectors` (K, 128) float32; raises `VocabularyError`."""

    names: tuple[str, ...]
    vectors: NDArray[np.float32]
    described: tuple[str, ...] = ()
    """Names whose readings, where there are any, do not count: they were added by text."""

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
        """Return some of the labels, in the order asked for."""
        lacking = [name for name in names if name not in self.names]
        if lacking:
            raise VocabularyError(f"label {lacking[0]!r} is unknown; know {', '.join(self.names)}")
        rows = [self.names.index(name) for name in names]
        return LabelEmbeddings(tuple(names), self.vectors[rows])


def embed_texts(encoder: TextEncoder, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the unit vector (128,) of one activity from its descriptions."""
    if not any(text.strip() for text in texts):
        raise VocabularyError("descriptions are empty; expected a sentence or more")
    mean = encoder.encode([text for text in texts if text.strip()]).mean(dim=0)
    vector: NDArray[np.float32] = torch.nn.functional.normalize(mean, dim=0).numpy()
    return vector


def embed_labels(encoder: TextEncoder, names: Sequence[str]) -> LabelEmbeddings:
    """Return label embeddings from the shipped descriptions; raises `DescriptionError`."""
    vectors = []
    for name in names:
        parts = descriptions.describe_by_aspect(name)
        vectors.append(
            embed_texts(encoder, [text for p in parts for text in (p.text(), p.sensors)])
        )
    stacked = np.stack(vectors) if vectors else np.zeros((0, FEATURES), np.float32)
    return LabelEmbeddings(tuple(names), stacked)


@dataclass(frozen=True)
class LabelTableConfig:
    """The labels of a table."""

    names: tuple[str, ...] = ()


class LabelTable(nn.Module):
    """Label embeddings as weights are kept: `vectors` (K, 128)."""

    vectors: Tensor

    def __init__(self, config: LabelTableConfig = LabelTableConfig()) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("vectors", torch.zeros(len(config.names), FEATURES))

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the network of the sizes that its weights file keeps."""
        return cls(LabelTableConfig(tuple(config["names"])))

    @classmethod
    def of(cls, labels: LabelEmbeddings) -> LabelTable:
        """Return a table that holds `labels`."""
        table = cls(LabelTableConfig(labels.names))
        table.vectors.copy_(torch.from_numpy(labels.vectors))
        return table

    def labels(self) -> LabelEmbeddings:
        """Return what the table holds."""
        return LabelEmbeddings(self.config.names, self.vectors.numpy())


LANHAR_LABELS = Key("lanhar_labels", LabelTable.from_config)


class OpenVocabulary:
    """Ranks any labels for a stretch of motion by the shipped sensor encoder."""

    def __init__(self, encoder: SensorEncoder) -> None:
        self._encoder = encoder.eval()

    def embed(
        self, imu: NDArray[Any], rate: float = RATE, posture: float | None = None
    ) -> NDArray[np.float32]:
        """(N, 6) at `rate` Hz, m/s² and rad/s -> unit vector (128,); 3 s or more.

        `posture` is the cosine of gravity's angle to the wearer's upright, None where unknown.
        """
        rows = np.asarray(imu, np.float32)
        if rows.ndim != 2 or rows.shape[1] != 6:
            raise VocabularyError(f"motion has shape {rows.shape}; expected (N, 6)")
        even = to_20_hz(np.nan_to_num(rows), rate)
        if len(even) < MIN_SAMPLES:
            raise VocabularyError(
                f"motion has {len(rows)} rows; expected {round(MIN_SAMPLES * rate / 20)} or more"
            )
        with torch.inference_mode():
            held = None if posture is None else torch.tensor([[posture, 1.0]])
            vector: NDArray[np.float32] = self._encoder(_aligned(even)[None], held)[0].numpy()
        return vector

    def rank(
        self,
        imu: NDArray[Any],
        labels: LabelEmbeddings,
        rate: float = RATE,
        posture: float | None = None,
        margins: Margins | None = None,
    ) -> list[tuple[str, float]]:
        """Return every label with its probability, likeliest first; arguments as `embed` takes."""
        if not labels.names:
            return []
        reading = _aligned(self.embed(imu, rate, posture))
        likeness = _aligned(labels.vectors) @ reading
        if margins is not None:
            likeness = margins.applied(likeness[None], reading[None])[0]
        shares = torch.softmax(likeness / TEMPERATURE, dim=0).numpy()
        order = np.argsort(-shares, kind="stable")
        return [(labels.names[i], float(shares[i])) for i in order]


def _aligned(array: NDArray[np.float32]) -> Tensor:
    """Copy into torch's own memory, whose alignment decides the order of sums: the last bits."""
    out = torch.empty(array.shape, dtype=torch.float32)
    out.numpy()[...] = array
    return out
