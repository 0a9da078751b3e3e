"""Encodes interpretations and descriptions into one space (LanHAR §3.4.1).

`WordEncoder` is small and ships: a transformer over words, whose table is taught by a sentence
encoder (`models.lanhar.training.distil`). `SentenceText` puts a trained projection above any
sentence-transformers or BERT model. Both take what they `prepare` of texts and give unit vectors.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, normalize

from models.attention import transformer
from models.lanhar.sensor_encoder import FEATURES
from models.sentence_encoder import SentenceEncoder

_WORD = re.compile(r"[a-z]+|\d")
PAD = 0


def words(text: str) -> list[str]:
    """Return the text's words in lower case; digits stand alone."""
    return _WORD.findall(text.lower())


class TextEncoder(nn.Module, ABC):
    """Texts to unit vectors (N, 128)."""

    @abstractmethod
    def prepare(self, texts: Sequence[str]) -> Tensor:
        """Return what `forward` takes, one row a text; costly only here."""

    @abstractmethod
    def forward(self, prepared: Tensor) -> Tensor:
        """Return unit vectors (N, 128) of rows of `prepare`."""

    @torch.no_grad()
    def encode(self, texts: Sequence[str], at_once: int = 256) -> Tensor:
        """Return unit vectors (N, 128) of texts, without gradients."""
        was = self.training
        self.eval()
        unique = {text: None for text in texts}
        place = {text: row for row, text in enumerate(unique)}
        prepared = self.prepare(list(unique))
        parts = [self(part) for part in prepared.split(at_once)]
        self.train(was)
        if not parts:
            return torch.zeros((0, FEATURES))
        return torch.cat(parts)[[place[text] for text in texts]]


@dataclass(frozen=True)
class WordEncoderConfig:
    """Sizes; words fall into `buckets` by their checksum, so that no word is unknown."""

    buckets: int = 8_192
    width: int = 64
    heads: int = 2
    layers: int = 2
    most_words: int = 160
    features: int = FEATURES
    dropout: float = 0.1


class WordEncoder(TextEncoder):
    """A small transformer over words and their beginnings."""

    def __init__(self, config: WordEncoderConfig = WordEncoderConfig()) -> None:
        super().__init__()
        self.config = config
        self.table = nn.Embedding(config.buckets, config.width, padding_idx=PAD)
        nn.init.normal_(self.table.weight, std=0.3)
        with torch.no_grad():
            self.table.weight[PAD] = 0
        self.position = nn.Parameter(torch.randn(1, config.most_words, config.width) * 0.02)
        self.layers = transformer(config.width, config.heads, config.layers, config.dropout)
        self.mix = nn.Linear(3 * config.width, 2 * config.width)
        self.out = nn.Linear(2 * config.width, config.features)

    def prepare(self, texts: Sequence[str]) -> Tensor:
        """(N,) texts -> (N, W, 2) buckets of words and of their first four letters, 0 for none."""
        rows = [words(text)[: self.config.most_words] for text in texts]
        longest = max((len(row) for row in rows), default=1) or 1
        ids = torch.zeros((len(rows), longest, 2), dtype=torch.long)
        for row, found in enumerate(rows):
            for column, word in enumerate(found):
                ids[row, column, 0] = self._bucket(word)
                ids[row, column, 1] = self._bucket("^" + word[:4])
        return ids

    def _bucket(self, word: str) -> int:
        return 1 + crc32(word.encode()) % (self.config.buckets - 1)

    def forward(self, prepared: Tensor) -> Tensor:
        """(N, W, 2) buckets -> unit vectors (N, 128)."""
        there = prepared[..., 0] != PAD  # (N, W)
        longest = max(int(there.sum(dim=1).max()), 1) if len(prepared) else 1
        prepared, there = prepared[:, :longest], there[:, :longest]
        plain = self.table(prepared).sum(dim=2)
        x = plain + self.position[:, :longest]
        # A text without words would leave nothing to attend to.
        hidden = ~there
        hidden[:, 0] = False
        x = self.layers(x, src_key_padding_mask=hidden)
        weight = there[..., None].float()
        count = weight.sum(dim=1).clamp_min(1)
        highest = x.masked_fill(~there[..., None], -1e4).amax(dim=1).clamp_min(-1e3)
        pooled = [(x * weight).sum(dim=1) / count, highest, (plain * weight).sum(dim=1) / count]
        return normalize(self.out(gelu(self.mix(torch.cat(pooled, dim=1)))), dim=1)


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


class Decoder(nn.Module):
    """Writes the text again from its vector, word by word (LanHAR §3.4.4)."""

    def __init__(self, vocabulary: Sequence[str], width: int = 64, most_words: int = 80) -> None:
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
        """(N,) texts -> (N, W) word numbers; 0 fills, 1 is a word outside of the vocabulary."""
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
