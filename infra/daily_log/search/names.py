"""The names in a query of words, each marked by a word that nobody types."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from infra.daily_log.search.query import Name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Characters for private use stand for what was found.
_FIRST = 0xE000
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_MARK = "[\ue000-\uf8ff]+"
# "cooking, eating or drinking"
_EITHER = re.compile(rf"((?:{_MARK}\s*,\s*)*{_MARK})\s*,?\s+or\s+({_MARK})(?![^\s,])")


def mark_names(
    text: str, names: Mapping[str, Iterable[str]]
) -> tuple[str, dict[str, tuple[Name, ...]]]:
    """Return the text with a mark for each name, and what the marks mean.

    text: in lower case. The longest name wins; commas in it may be left out. Names with "or"
    between have one mark.
    """
    phrases: dict[tuple[str, ...], list[Name]] = {}
    for kind, known in names.items():
        for name in known:
            words = tuple(name.casefold().replace(",", " ").split())
            phrases.setdefault(words, []).append(Name(kind, name))
    text = _PRIVATE.sub(" ", text)
    single: dict[str, tuple[Name, ...]] = {}
    for words in sorted(phrases, key=lambda words: len(" ".join(words)), reverse=True):
        pattern = r"[\s,]+".join(map(re.escape, words))
        mark = chr(_FIRST + len(single))
        text, count = re.subn(rf"(?<![^\s,]){pattern}(?![^\s,])", mark, text)
        if count:
            single[mark] = tuple(phrases[words])
    joined = 1
    while joined:
        text, joined = _EITHER.subn(lambda m: re.sub(r"[\s,]", "", m[1]) + m[2], text)
    meanings = {
        marks: tuple(dict.fromkeys(name for mark in marks for name in single[mark]))
        for marks in re.findall(_MARK, text)
    }
    return text, meanings
