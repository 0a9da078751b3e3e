"""A sentence encoder in place of the small text encoder that ships (LanHAR §3.4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn.functional import normalize

from models.lanhar.space import FEATURES
from models.lanhar.text_encoder import TextEncoder
from models.research.lib.sentence_encoder import SentenceEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence


class SentenceText(TextEncoder):
    """A sentence-transformers or BERT model, frozen, under a trained projection.

    Raises `SentenceEncoderError` where sentence-transformers is not installed.
    """

    def __init__(self, model: str | None = None, hidden: int = 256, dropout: float = 0.1) -> None:
        super().__init__()
        self.sentences = SentenceEncoder(model)
        width = self.sentences.embed(["a"]).shape[1]
        self.project = nn.Sequential(
            nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, FEATURES)
        )

    def prepare(self, texts: Sequence[str]) -> Tensor:
        """(N,) texts -> (N, S) sentence embeddings."""
        return self.sentences.embed(list(texts))

    def forward(self, prepared: Tensor) -> Tensor:
        """(N, S) -> unit vectors (N, 128)."""
        return normalize(self.project(prepared), dim=1)
