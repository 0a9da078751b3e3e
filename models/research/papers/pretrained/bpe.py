"""Byte pair encoding of CLIP's vocabulary, which ImageBind's text encoder reads.

The vocabulary file `bpe_simple_vocab_16e6.txt.gz` comes with CLIP and ImageBind and is given by
the user: a first line, then one merge a line.
"""

from __future__ import annotations

import gzip
import html
import re
import unicodedata
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from models.network.published_weights import UnreadableWeightsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

VOCABULARY_FILE = "bpe_simple_vocab_16e6.txt.gz"
MERGES = 49_152 - 256 - 2
_WORDS = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|(?:[^\s\w]|_)+", re.IGNORECASE)


class Tokenizer:
    """Turns texts into rows of `context` token ids: start, pieces, end, zeros."""

    def __init__(self, path: Path, context: int = 77) -> None:
        if not path.is_file():
            raise UnreadableWeightsError(
                f"vocabulary {path} does not exist; expected {VOCABULARY_FILE} of CLIP or ImageBind"
            )
        try:
            with gzip.open(path, "rt", encoding="utf-8") as file:
                lines = file.read().split("\n")[1 : MERGES + 1]
        except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
            raise UnreadableWeightsError(
                f"vocabulary {path} cannot be read ({error}); expected {VOCABULARY_FILE}"
            ) from error
        merges = [tuple(line.split()) for line in lines if line]
        wrong = next((number for number, pair in enumerate(merges, 2) if len(pair) != 2), None)
        if wrong is not None or not merges:
            raise UnreadableWeightsError(
                f"vocabulary {path} has no merge of two pieces in line {wrong or 2}; "
                f"expected {VOCABULARY_FILE}"
            )
        self.context = context
        self._letter = _letters()
        pieces = list(self._letter.values())
        pieces += [piece + "</w>" for piece in pieces]
        pieces += ["".join(pair) for pair in merges]
        self._rank = {(pair[0], pair[1]): rank for rank, pair in enumerate(merges)}
        self._id = {piece: number for number, piece in enumerate(pieces)}
        self.start, self.end = len(pieces), len(pieces) + 1
        self.size = len(pieces) + 2

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Return (B, context) int64; a text too long is cut before its end token."""
        out = torch.zeros(len(texts), self.context, dtype=torch.int64)
        for row, text in zip(out, texts, strict=True):
            ids = [self.start, *self._encode(text)][: self.context - 1]
            ids.append(self.end)
            row[: len(ids)] = torch.tensor(ids)
        return out

    def _encode(self, text: str) -> list[int]:
        clean = html.unescape(html.unescape(unicodedata.normalize("NFC", text)))
        ids = []
        for word in _WORDS.findall(" ".join(clean.lower().split())):
            letters = [self._letter[byte] for byte in word.encode("utf-8")]
            ids += [self._id[piece] for piece in self._merge(letters)]
        return ids

    def _merge(self, letters: list[str]) -> list[str]:
        """Join the pair of the lowest rank until none of the neighbours has one."""
        pieces = [*letters[:-1], letters[-1] + "</w>"]
        while len(pieces) > 1:
            pairs = list(pairwise(pieces))
            best = min(pairs, key=lambda pair: self._rank.get(pair, len(self._rank)))
            if best not in self._rank:
                break
            joined, at = [], 0
            while at < len(pieces):
                if tuple(pieces[at : at + 2]) == best:
                    joined.append("".join(best))
                    at += 2
                else:
                    joined.append(pieces[at])
                    at += 1
            pieces = joined
        return pieces


def _letters() -> dict[int, str]:
    """Return a printable character for each byte, in the vocabulary's order."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), 256)]
    others = [byte for byte in range(256) if byte not in plain]
    named = [(byte, chr(byte)) for byte in plain]
    return dict(named + [(byte, chr(256 + place)) for place, byte in enumerate(others)])
