"""Hashing words into buckets, so that no word is out of vocabulary (LanHAR §3.4.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PAD = 0
_WORD = re.compile(r"[a-z]+|\d")


def words(text: str) -> list[str]:
    """Return the text's words in lower case; each digit is a word."""
    return _WORD.findall(text.lower())


def buckets(texts: Sequence[str], count: int, most_words: int) -> NDArray[np.int32]:
    """(N,) texts -> (N, W, 2) buckets of words and of their first four letters, 0 for none.

    W is the longest text's number of words, at least 1 and at most `most_words`.
    """
    rows = [words(text)[:most_words] for text in texts]
    longest = max((len(row) for row in rows), default=1) or 1
    ids = np.full((len(rows), longest, 2), PAD, np.int32)
    # Many texts share few words.
    of_word = {word: _buckets(word, count - 1) for word in {word for row in rows for word in row}}
    for row, text in enumerate(rows):
        if text:
            ids[row, : len(text)] = [of_word[word] for word in text]
    return ids


def _buckets(word: str, count: int) -> tuple[int, int]:
    whole, beginning = word.encode(), b"^" + word[:4].encode()
    return 1 + crc32(whole) % count, 1 + crc32(beginning) % count
