"""Text embeddings by name (EgoLog §4.3), in a file that names can be added to.

The shipped `scenario_text.safetensors` is such a file, of the closed set `SCENARIOS`; a copy of it
with more names serves those who train on other label sets.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from models.research.lib.errors import ResearchError
from models.serving.registry import WEIGHTS_DIR
from schemas.atomic_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FORMAT = "egolog-text/1"
SHIPPED = WEIGHTS_DIR / "scenario_text.safetensors"


class TextTableError(ResearchError):
    """A table of text embeddings cannot be read, or lacks a name."""


@dataclass(frozen=True)
class TextTable:
    """Unit vectors `table` (N, E), one for each of `names`."""

    names: tuple[str, ...]
    table: Tensor = field(repr=False)

    def __post_init__(self) -> None:
        if self.table.ndim != 2 or len(self.table) != len(self.names):
            raise TextTableError(
                f"table has shape {tuple(self.table.shape)} for {len(self.names)} names"
            )
        if len(set(self.names)) != len(self.names):
            raise TextTableError(f"table names {_twice(self.names)!r} twice")

    def lookup(self, names: Sequence[str]) -> Tensor:
        """Return (K, E); raises `TextTableError` naming the first that is not in the table."""
        for name in names:
            if name not in self.names:
                raise TextTableError(
                    f"name {name!r} has no text embedding; "
                    f"add it with: python -m models.research.papers.names add {name!r}"
                )
        return self.table[[self.names.index(name) for name in names]]

    def with_names(self, names: Sequence[str], vectors: Tensor) -> TextTable:
        """Return the table with `vectors` (K, E) for `names`, which replace those of old ones."""
        kept = self.without_names([name for name in names if name in self.names])
        unit = torch.nn.functional.normalize(vectors.float(), dim=-1)
        return TextTable((*kept.names, *names), torch.cat([kept.table, unit]))

    def without_names(self, names: Sequence[str]) -> TextTable:
        """Return the table without `names`; raises `TextTableError` naming one that it lacks."""
        self.lookup(names)
        kept = [place for place, name in enumerate(self.names) if name not in names]
        return TextTable(tuple(self.names[place] for place in kept), self.table[kept])


def read_table(path: Path = SHIPPED) -> TextTable:
    """Return the table of a file; raises `TextTableError`, one line that names the path."""
    try:
        with safe_open(path, framework="pt") as opened:
            about = opened.metadata() or {}
            table = opened.get_tensor("table")
        names = json.loads(about["labels"])["scenarios"]
    except FileNotFoundError as error:
        raise TextTableError(f"text table {path} does not exist") from error
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise TextTableError(
            f"text table {path} cannot be read ({str(error)[:120]}); "
            "expected a copy of scenario_text.safetensors"
        ) from error
    return TextTable(tuple(map(str, names)), table.float())


def write_table(table: TextTable, path: Path) -> None:
    """Write `table` to `path` atomically; raises `TextTableError` for the shipped file."""
    if path.resolve() == SHIPPED.resolve():
        raise TextTableError(
            f"text table {path.name} is shipped for the trained networks; expected another --out "
            "file"
        )
    about = {
        "format": FORMAT,
        "name": "scenario_text",
        "labels": json.dumps({"scenarios": list(table.names)}),
    }
    write_atomically(path, save({"table": table.table.contiguous()}, metadata=about))


def _twice(names: Sequence[str]) -> str:
    return next(name for place, name in enumerate(names) if name in names[:place])
