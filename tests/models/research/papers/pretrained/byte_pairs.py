"""A vocabulary of byte pairs that spells a few words."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from models.research.papers.pretrained.bpe import VOCABULARY_FILE

if TYPE_CHECKING:
    from pathlib import Path

MERGES = ["c o", "co o", "i n", "in g</w>", "k ing</w>", "coo king</w>", "t h", "th e</w>"]


def vocabulary(folder: Path, merges: list[str] = MERGES) -> Path:
    path = folder / VOCABULARY_FILE
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("#version: 0.2\n" + "\n".join(merges) + "\n")
    return path
