"""Encodes interpretations and descriptions into one space (LanHAR §3.4.1).

`WordEncoder` is the small shipped encoder, distilled from a sentence encoder. `TextEncoder` is the
interface that it shares with larger encoders: texts are prepared once, then mapped to unit vectors.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, normalize

from models.lanhar.hashed_words import PAD, buckets, words
from models.lanhar.space import FEATURES
from models.network.key import Config, Key

if TYPE_CHECKING:
    from collections.abc import Sequence


class TextEncoder(nn.Module, ABC):
    """Texts to unit vectors (N, 128)."""

    @abstractmethod
    def prepare(self, texts: Sequence[str]) -> Tensor:
        """Return the input of `forward`, one row per text; this is the costly step."""

    @abstractmethod
    def forward(self, prepared: Tensor) -> Tensor:
        """Return unit vectors (N, 128) of rows of `prepare`."""

    @torch.no_grad()
    def encode(self, texts: Sequence[str], at_once: int = 256) -> Tensor:
        """Return unit vectors (N, 128) of texts, without gradients."""
        was = self.training
        self.eval()
        unique = dict.fromkeys(texts)
        place = {text: row for row, text in enumerate(unique)}
        prepared = self.prepare(list(unique))
        parts = [self(part) for part in torch.split(prepared, at_once)]
        self.train(was)
        if not parts:
            return torch.zeros((0, FEATURES))
        return torch.cat(parts)[[place[text] for text in texts]]


@dataclass(frozen=True)
class WordEncoderConfig:
    """Sizes; words are hashed into `buckets`, so that none is out of vocabulary."""

    buckets: int = 4_096
    width: int = 64
    phrase: int = 5
    hidden: int = 96
    most_words: int = 160
    features: int = FEATURES
    dropout: float = 0.1


class WordEncoder(TextEncoder):
    """Embeds phrases of a few words, anywhere in the text, and pools them by attention.

    An interpretation is a list of short statements in no particular order, so phrases are enough,
    and training takes a minute without an accelerator.
    """

    def __init__(self, config: WordEncoderConfig = WordEncoderConfig()) -> None:
        super().__init__()
        self.config = config
        self.table = nn.Embedding(config.buckets, config.width, padding_idx=PAD)
        nn.init.normal_(self.table.weight, std=0.3)
        with torch.no_grad():
            self.table.weight[PAD] = 0
        self.phrases = nn.Conv1d(
            config.width, config.hidden, config.phrase, padding=config.phrase // 2
        )
        self.attend = nn.Linear(config.hidden, 1)
        self.drop = nn.Dropout(config.dropout)
        self.mix = nn.Linear(2 * config.hidden + config.width, config.hidden)
        self.out = nn.Linear(config.hidden, config.features)

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Build the network from the sizes in its weights file."""
        return cls(WordEncoderConfig(**config))

    def prepare(self, texts: Sequence[str]) -> Tensor:
        """(N,) texts -> (N, W, 2) buckets of words and of their first four letters, 0 for none."""
        return torch.from_numpy(buckets(texts, self.config.buckets, self.config.most_words))

    def forward(self, prepared: Tensor) -> Tensor:
        """(N, W, 2) buckets -> unit vectors (N, 128)."""
        there = prepared[..., 0] != PAD  # (N, W)
        longest = max(int(there.sum(dim=1).max()), 1) if len(prepared) else 1
        return self.embed(prepared[:, :longest])

    def embed(self, prepared: Tensor) -> Tensor:
        """(N, W, 2) buckets, W that of the longest text -> unit vectors (N, 128)."""
        there = prepared[..., 0] != PAD  # (N, W)
        plain = self.table(prepared).sum(dim=2)  # (N, W, width)
        phrases = gelu(self.phrases(plain.transpose(1, 2)).transpose(1, 2))  # (N, W, hidden)
        gone = ~there[..., None]
        # -1e4 instead of -inf keeps a text without words finite.
        share = self.attend(phrases).masked_fill(gone, -1e4).softmax(dim=1)
        # GELU never goes below -0.2.
        highest = phrases.masked_fill(gone, -1.0).amax(dim=1)
        mean = plain.sum(dim=1) / there.sum(dim=1, keepdim=True).clamp_min(1)
        pooled = torch.cat([(phrases * share).sum(dim=1), highest, mean], dim=1)
        return normalize(self.out(gelu(self.mix(self.drop(pooled)))), dim=1)


# Training starts from it, and the stream embeds descriptions with it.
LANHAR_WORDS = Key("lanhar_words", WordEncoder.from_config)
LANHAR_TEXT = Key("lanhar_text", WordEncoder.from_config)


class TextDecoder(nn.Module):
    """Reconstructs a text from its vector, word by word (LanHAR §3.4.4)."""

    def __init__(self, vocabulary: Sequence[str], width: int = 64, most_words: int = 48) -> None:
        super().__init__()
        self.places = {word: index + 2 for index, word in enumerate(vocabulary)}
        self.most_words = most_words
        self.table = nn.Embedding(len(vocabulary) + 2, width, padding_idx=PAD)
        self.position = nn.Parameter(torch.randn(1, most_words, width) * 0.02)
        self.memory = nn.Linear(FEATURES, width)
        layer = nn.TransformerDecoderLayer(
            width, 2, 2 * width, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerDecoder(layer, 1)
        self.out = nn.Linear(width, len(vocabulary) + 2)

    def targets(self, texts: Sequence[str]) -> Tensor:
        """(N,) texts -> (N, W) word numbers; 0 is padding, 1 an unknown word."""
        rows = [[self.places.get(w, 1) for w in words(t)[: self.most_words]] for t in texts]
        longest = max((len(row) for row in rows), default=1) or 1
        return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])

    def forward(self, vectors: Tensor, targets: Tensor) -> Tensor:
        """Unit vectors (N, 128) and word numbers (N, W) -> logits (N, W, V) of those words."""
        before = torch.cat([torch.ones_like(targets[:, :1]), targets[:, :-1]], dim=1)
        x = self.table(before) + self.position[:, : before.shape[1]]
        ahead = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        x = self.layers(x, self.memory(vectors)[:, None], tgt_mask=ahead)
        logits: Tensor = self.out(x)
        return logits
