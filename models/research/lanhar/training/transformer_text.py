"""A small transformer in place of the text encoder that ships (LanHAR §4.6.2, "w DLM").

Reading both ways it is of BERT's kind, reading forward alone of GPT-2's. It starts untrained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from models.lanhar.hashed_words import PAD, buckets
from models.lanhar.space import FEATURES
from models.lanhar.text_encoder import TextEncoder
from models.network.attention import transformer

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class TransformerTextConfig:
    """Sizes; `causal` hides from each word those that follow it."""

    causal: bool
    buckets: int = 4_096
    width: int = 64
    heads: int = 2
    layers: int = 2
    most_words: int = 96
    dropout: float = 0.1


class TransformerText(TextEncoder):
    """Words and their order through a transformer, to unit vectors.

    Read both ways, a text is the mean of its words; read forward, it is its last word, which alone
    has seen all of it.
    """

    def __init__(self, config: TransformerTextConfig) -> None:
        super().__init__()
        self.config = config
        self.table = nn.Embedding(config.buckets, config.width, padding_idx=PAD)
        self.position = nn.Parameter(torch.randn(1, config.most_words, config.width) * 0.02)
        self.layers = transformer(config.width, config.heads, config.layers, config.dropout)
        self.norm = nn.LayerNorm(config.width)
        self.out = nn.Linear(config.width, FEATURES)

    def prepare(self, texts: Sequence[str]) -> Tensor:
        """(N,) texts -> (N, W, 2) buckets of words and of their first four letters, 0 for none."""
        return torch.from_numpy(buckets(texts, self.config.buckets, self.config.most_words))

    def forward(self, prepared: Tensor) -> Tensor:
        """(N, W, 2) -> unit vectors (N, 128)."""
        # A text without words is one empty word: attention to nothing has no mean.
        count = (prepared[..., 0] != PAD).sum(dim=1).clamp_min(1)  # (N,)
        length = int(count.max()) if len(count) else 1
        prepared = prepared[:, :length]
        gone = torch.arange(length) >= count[:, None]  # (N, W)
        ahead = torch.ones(length, length, dtype=torch.bool).triu(1)
        states = self.layers(
            self.table(prepared).sum(dim=2) + self.position[:, :length],
            mask=ahead if self.config.causal else None,
            src_key_padding_mask=gone,
        )  # (N, W, width)
        states = self.norm(states)
        if self.config.causal:
            pooled = states[torch.arange(len(states)), count - 1]
        else:
            pooled = states.masked_fill(gone[..., None], 0).sum(dim=1) / count[:, None]
        return normalize(self.out(pooled), dim=1)
